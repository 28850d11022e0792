"""Annotations in the XML of PASCAL VOC (Everingham et al. 2010): an image's size, and a class and a box for every object."""

from dataclasses import dataclass
from typing import TypeVar
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from practicum.errors import PracticumError

Box = tuple[float, float, float, float]
Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Annotation:
    """One image's objects.

    Attributes:
        width: of the image, in pixels.
        height: of the image, in pixels.
        objects: `(class name, (x0, y0, x1, y1))`, in pixels of the image.
        broken: what is wrong with each object that was left out because its box has no area or leaves the image.
    """

    width: int
    height: int
    objects: tuple[tuple[str, Box], ...]
    broken: tuple[str, ...]


def read_annotation(data: bytes, name: str) -> Annotation:
    """Read one annotation.

    Args:
        data: the file's content.
        name: of the file, for messages.

    Raises:
        PracticumError: it is not XML, declares a document type (through which entities could grow without bound),
            or lacks an element, or a number is none.
    """
    root = _parse(data, name)
    width, height = (_number(root, f"size/{side}", name, int) for side in ("width", "height"))
    objects, broken = [], []
    for thing in root.iter("object"):
        label = _text(thing, "name", name)
        x0, y0, x1, y1 = (_number(thing, f"bndbox/{side}", name, float) for side in ("xmin", "ymin", "xmax", "ymax"))
        if 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height:
            objects.append((label, (x0, y0, x1, y1)))
        else:
            broken.append(f"{name}: {label} has the box ({x0:g}, {y0:g}, {x1:g}, {y1:g}) in an image of {width} × {height}")
    return Annotation(width, height, tuple(objects), tuple(broken))


def _parse(data: bytes, name: str) -> Element:
    tree, parser = TreeBuilder(), expat.ParserCreate()

    def refuse(*declaration: object) -> None:
        raise PracticumError(f"{name}: expected no document type, which an annotation does not need, got one")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = tree.start, tree.end, tree.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise PracticumError(f"{name}: not XML ({error})") from None
    return tree.close()


def _text(element: Element, path: str, name: str) -> str:
    text = element.findtext(path)
    if not text:
        raise PracticumError(f"{name}: expected {path} in <{element.tag}>, got none")
    return text.strip()


def _number(element: Element, path: str, name: str, kind: type[Number]) -> Number:
    text = _text(element, path, name)
    try:
        return kind(text)
    except ValueError:
        raise PracticumError(f"{name}: expected a {'whole ' * (kind is int)}number as {path}, got {text!r}") from None
