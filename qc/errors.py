"""What can go wrong between samples and flags."""


class QcError(Exception):
    """Samples cannot be judged or filled as asked; the message says what was found and what was expected."""


class PlanError(QcError):
    """A quality-control configuration cannot be used.

    Parameters
    ----------
    problems
        Every mistake found.
    """

    def __init__(self, problems: "tuple[PlanProblem, ...]") -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the problems when the error crosses a process boundary."""
        return type(self), (self.problems,)


class PlanProblem:
    """One mistake: where it stands (variable, check, parameter, as far as it goes), and what is wrong."""

    def __init__(self, path: tuple[str, ...], message: str) -> None:
        self.path = path
        self.message = message

    def __str__(self) -> str:
        return f"{'.'.join(self.path)}: {self.message}"

    def __repr__(self) -> str:
        return f"PlanProblem({self.path!r}, {self.message!r})"
