"""How a decision says no."""


class Refused(Exception):
    """A command that is not carried out. `code` is stable and has its words in the service's catalogue.

    `fields` name what it was about; `field` is the place in the command that has to change, if there is one.
    """

    def __init__(self, code: str, field: str | None = None, **fields: object) -> None:
        super().__init__(code, fields)
        self.code, self.field, self.fields = code, field, fields
