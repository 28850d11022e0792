"""How long the gradebook takes for 10,000 students and 30 items; run it as `python benchmarks/gradebook.py`.

Every student submits every lab, in two zones, a quarter of them late, under a late rule with three steps; one in a hundred
has an extension, one in two hundred an exemption. That is 300,000 submissions and as many results.
"""

import argparse
import random
import statistics
import time
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from practicum.course.load import parse_course
from practicum.course.model import Course
from practicum.course.roster import Student
from practicum.gradebook.events import Event, Exemption, Extension, Result, Submission
from practicum.gradebook.gradebook import gradebook

DUE = datetime(2027, 3, 28, 15, 59, 59, tzinfo=UTC)
BEIJING = timezone(timedelta(hours=8))


def course(items: int) -> Course:
    """Return a course of `items` labs, with PolyU's late rule."""
    labs = "\n".join(
        f'[[component.item]]\nname = "i{n}"\npoints = 15\nlab = "lab{n}"\ndue = 2027-03-28T23:59:59' for n in range(items)
    )
    return parse_course(f"""
        name = "bench"
        title = "Benchmark"
        [term]
        name = "term"
        start = 2027-02-22
        weeks = 15
        timezone = "Asia/Shanghai"
        [grade]
        late = "standard"
        [late.standard]
        steps = [
          {{ up_to = "24 h", multiplier = 0.9 }},
          {{ up_to = "48 h", multiplier = 0.8 }},
          {{ up_to = "72 h", multiplier = 0.7 }},
        ]
        then = {{ multiplier = 0 }}
        [[component]]
        name = "labs"
        title = "Labs"
        weight = 100
        {labs}
        """)


def happenings(students: int, items: int, tries: int, seed: int = 0) -> list[Event]:
    """Return the events of a term."""
    rng = random.Random(seed)
    events: list[Event] = []
    for s in range(students):
        who = f"s{s}"
        for i in range(items):
            for t in range(tries):
                minutes = rng.randint(1, 4000) if rng.random() < 0.25 else -rng.randint(0, 10000)
                at = DUE + timedelta(minutes=minutes)
                name = f"{s}-{i}-{t}"
                events.append(Submission(name, who, f"lab{i}", at.astimezone(BEIJING) if s % 2 else at))
                events.append(Result(name, who, f"lab{i}", Decimal(rng.randint(0, 60)) / 2, Decimal(30)))
        if s % 100 == 0:
            events.append(Extension("i0", DUE + timedelta(days=2), "illness", student=who))
        if s % 200 == 0:
            events.append(Exemption("i1", "joined late", student=who))
    return events


def main() -> None:
    """Time the gradebook and print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=30)
    parser.add_argument("--tries", type=int, default=1, help="submissions per student and item")
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    plan = course(args.items)
    roster = [Student(f"s{s}", f"Student {s}") for s in range(args.students)]
    events = happenings(args.students, args.items, args.tries)
    wall, cpu = [], []
    for _ in range(args.repeats):
        before = time.perf_counter(), time.process_time()
        gradebook(plan, roster, events)
        wall.append(time.perf_counter() - before[0])
        cpu.append(time.process_time() - before[1])
    print(f"{args.students:,} students × {args.items} items, {len(events):,} events, {args.repeats} runs")
    for name, times in (("wall", wall), ("CPU", cpu)):
        print(f"  {name}: {statistics.median(times):.2f} s median ({min(times):.2f} to {max(times):.2f})")


if __name__ == "__main__":
    main()
