"""The platforms' own files with all their rows, languages, separators and encodings."""

from pathlib import Path

import pytest

from practicum.course.roster import Person, Student, parse_roster, read_roster, worksheet_participants
from practicum.errors import PracticumError

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Integration ID,Section,Note,Lab 1 (901),Labs Final Score
,,,,,,,Manual Posting (hidden),
    Points Possible,,,,,,,10.00,(read only)
"Lovelace, Ada",1001,s0001,ada,,Lab A and Lab B,,8.50,80
"#Hash, Bob",1002,s0002,bob,,Lab A,,EX,
"King, Martin, Jr.",1003,s0003,mlk,,Lab A,,N/A,
"Test, Student",1004,s0004,ts,,Lab A,,,
"Student, Test",1005,s0005,real,,Lab A,,,
"Student, Test",1006,,5d41402abc4b2a76b9719d911017c592,,Lab A,,,
"""


def test_canvas_with_all_its_rows() -> None:
    ada, bob, king, test, real = parse_roster(CANVAS)
    assert ada == Student("s0001", "Ada Lovelace", "Ada", "Lovelace", section="Lab A and Lab B", login="ada", lms_id="1001")
    assert (bob.name, bob.lms_id) == ("Bob #Hash", "1002")
    assert (king.last, king.first, king.sortable) == ("King", "Martin, Jr.", "King, Martin, Jr.")
    assert [test.id, real.id] == ["s0004", "s0005"]


def test_canvas_first_and_last_names_in_columns_of_their_own() -> None:
    text = "LastName,FirstName,ID,Section,Lab 1 (901)\n    Points Possible,,,,10\nLovelace,Ada,1001,L1,\nStudent,Test,1002,L1,\n"
    assert parse_roster(text) == [Student("1001", "Ada Lovelace", "Ada", "Lovelace", section="L1", lms_id="1001")]


def test_canvas_one_student_in_two_rows() -> None:
    head = "Student,ID,SIS User ID,SIS Login ID,Section\n"
    rows = '"Doe, Jo",1,s1,jo,Lab A\n"Doe, Jo",1,s1,jo,Lab B\n'
    assert parse_roster(head + rows) == [Student("s1", "Jo Doe", "Jo", "Doe", section="Lab A and Lab B", login="jo", lms_id="1")]
    with pytest.raises(PracticumError, match=r"roster\.csv:3: student `s1` is already on line 2 with another lms_id"):
        parse_roster(head + rows.replace('"Doe, Jo",1,s1,jo,Lab B', '"Doe, Jo",2,s1,jo,Lab B'))


def test_blackboard_as_it_comes(tmp_path: Path) -> None:
    head = [
        "Last Name",
        "First Name",
        "Username",
        "Student ID",
        "Last Access",
        "Availability",
        "Lab 1 [Total Pts: 10 Score] |123",
    ]
    rows = [
        head,
        ["Doe", "Jo", "jdoe", "s0001", "", "Yes", "Needs Grading"],
        ["Preview", "U", "x_previewuser", "", "", "Yes", ""],
    ]
    expected = [Student("s0001", "Jo Doe", "Jo", "Doe", login="jdoe")]
    text = "\r\n".join("\t".join(f'"{cell}"' for cell in row) for row in rows)
    for data in (text.encode("utf-16"), text.encode("utf-16-le"), text.replace("\t", ",").encode("utf-8-sig")):
        file = tmp_path / "gc.xls"
        file.write_bytes(data)
        assert list(read_roster(file).students) == expected


PARTICIPANTS = {
    "en": "First name,Last name,ID number,Email address,Groups",
    "de": "Vorname,Nachname,ID-Nummer,E-Mail-Adresse,Gruppen",
    "fr": "Prénom,Nom de famille,Numéro d\N{RIGHT SINGLE QUOTATION MARK}identification,Adresse de courriel,Groupes",
    "zh": "名,姓,学号,电子邮件地址,群组",
}


@pytest.mark.parametrize("language", PARTICIPANTS)
@pytest.mark.parametrize("separator", [",", ";", "\t", ":"])
def test_moodle_participants_in_four_languages(tmp_path: Path, language: str, separator: str) -> None:
    file = tmp_path / "participants.csv"
    text = PARTICIPANTS[language] + "\n'=Jo,Doe,s0001,jo@example.org,L1\n"
    file.write_text(text.replace(",", separator), "utf-8-sig")
    assert list(read_roster(file).students) == [Student("s0001", "=Jo Doe", "=Jo", "Doe", "jo@example.org", "L1")]


def test_moodle_with_a_first_line_that_names_the_separator() -> None:
    text = (
        'sep=;\r\nVorname;Nachname;ID-Nummer;"Aufgabe: Lab 1, 2 (Punkte)";Zuletzt aus diesem Kurs geladen\r\nJo;Doe;s1;8,50;1\r\n'
    )
    assert parse_roster(text) == [Student("s1", "Jo Doe", "Jo", "Doe")]
    with pytest.raises(PracticumError, match=r"roster\.csv:3: expected a student id"):
        parse_roster(text.replace(";s1;", ";;"))


WORKSHEETS = {
    "en": ("Identifier,Full name,ID number,Email address,Status,Group,Grade,Last modified (submission)", "Participant 12345"),
    "de": (
        "ID,Vollständiger Name,ID-Nummer,E-Mail-Adresse,Status,Gruppe,Bewertung,Zuletzt geändert (Abgabe)",
        "Teilnehmer/in12345",
    ),
    "fr": (
        "Identifiant,Nom complet,Numéro d'identification,Adresse de courriel,Statut,Groupe,Note,"
        "Dernière modification (travail remis)",
        "Participant12345",
    ),
    "zh": ("标识符,全名,学号,电子邮件地址,状态,小组,成绩,上次修改（作业）", "参与人12345"),
}


@pytest.mark.parametrize("language", WORKSHEETS)
def test_a_worksheet_says_who_a_participant_is(tmp_path: Path, language: str) -> None:
    head, identifier = WORKSHEETS[language]
    file = tmp_path / "worksheet.csv"
    date = "Sunday, 8 November 2026, 11:30 PM"
    file.write_text(f'{head}\n{identifier},Jo Doe,s0001,jo@example.org,,Team 7,,"{date}"\n', "utf-8-sig")
    assert worksheet_participants(file) == {"12345": Person("Jo Doe", "s0001", "jo@example.org", "", "Team 7", date)}
    (student,) = read_roster(file).students
    assert student == Student("s0001", "Jo Doe", email="jo@example.org", team="Team 7", participants=("12345",))


def test_a_blind_worksheet_names_nobody(tmp_path: Path) -> None:
    file = tmp_path / "blind.csv"
    file.write_text("Identifier,Status,Grade,Last modified (submission)\nParticipant 7,,,-\n")
    assert worksheet_participants(file) == {"7": Person()}
    with pytest.raises(PracticumError, match="expected a column with the student's id"):
        read_roster(file)
    with pytest.raises(PracticumError, match=r"blind\.csv:2: expected a student id, got an empty cell"):
        read_roster(file, names_suffice=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,name\n1,Ada\n", r"w\.csv: expected a Moodle grading worksheet.*got id, name"),
        ("Identifier,Full name\nParticipant x,Ada\n", r"w\.csv:2: expected a participant number.*got 'Participant x'"),
        ("Identifier,Full name\nParticipant 1,Ada\nParticipant1,Eve\n", r"w\.csv:3: participant 1 is already on line 2"),
    ],
)
def test_what_is_no_worksheet(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "w.csv"
    file.write_text(text)
    with pytest.raises(PracticumError, match=message):
        worksheet_participants(file)


def test_teams_in_a_column_of_groups() -> None:
    assert parse_roster("id,section,group\n1,L1,red\n")[0].team == "red"
    (only,) = parse_roster("id,group\n1,L1\n")
    assert (only.section, only.team) == ("L1", "")
    moodle = "First name,Last name,ID number,Email address,Group\nJo,Doe,s1,jo@x.org,{}\n"
    assert parse_roster(moodle.format("Team 7"))[0].team == "Team 7"
    assert parse_roster(moodle.format("Default group"))[0].team == ""


def test_our_own_columns_keep_their_id_beside_an_e_mail_address() -> None:
    (ada,) = parse_roster("id,first name,surname,email address\ns1,Ada,Lovelace,ada@example.org\n")
    assert (ada.id, ada.email) == ("s1", "ada@example.org")


def test_ids_that_differ_in_width_or_case_are_one() -> None:
    with pytest.raises(PracticumError, match=r"roster\.csv:3: student `26000334.` is already on line 2"):
        parse_roster("id,name\n26000334d,Ada\n26000334\N{FULLWIDTH LATIN CAPITAL LETTER D},Eve\n")


def test_participants_of_our_own_roster() -> None:
    assert parse_roster("id,participants\n1,12 13\n")[0].participants == ("12", "13")
    with pytest.raises(PracticumError, match=r"roster\.csv:2: expected a participant number.*got 'x'"):
        parse_roster("id,participants\n1,12 x\n")
