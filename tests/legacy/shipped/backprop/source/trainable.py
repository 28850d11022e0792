"""Finds the layers of a model that have parameters. Given; there is nothing to write here."""


def trainable_layers(model):
    """All layers in `model` that have the dictionaries `params` and `grads`, each once.

    A layer is found wherever the model keeps it: in an attribute, in a list, tuple or dictionary, or inside another object
    in one of these. The order is that in which the model's attributes were set.

    Args:
        model: Any object, an `MLP` for example.

    Returns:
        A list of layers. For every layer and every key, `layer.params[key]` is an array and, after a backward pass,
        `layer.grads[key]` its gradient.
    """
    found, seen, waiting = [], set(), [model]
    while waiting:
        item = waiting.pop(0)
        if id(item) in seen or isinstance(item, type):
            continue
        seen.add(id(item))
        if isinstance(item, list | tuple):
            waiting = [*item, *waiting]
        elif isinstance(item, dict):
            waiting = [*item.values(), *waiting]
        elif _is_layer(item):
            found.append(item)
        elif hasattr(type(item), "__module__") and type(item).__module__ not in ("builtins", "numpy"):
            slots = [name for kind in type(item).__mro__ for name in getattr(kind, "__slots__", ())]
            attributes = [getattr(item, name) for name in slots if hasattr(item, name)]
            waiting = [*attributes, *getattr(item, "__dict__", {}).values(), *waiting]
    return found


def _is_layer(item):
    params = getattr(item, "params", None)
    return isinstance(params, dict) and bool(params) and isinstance(getattr(item, "grads", None), dict)
