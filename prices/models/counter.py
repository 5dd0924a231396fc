"""What recorders have counted since the tape began."""

from django.db import models


class Counter(models.Model):
    """One count of all recorders together, by a name of `counter_names`. It only ever grows."""

    name = models.CharField(max_length=50, primary_key=True)
    value = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"
