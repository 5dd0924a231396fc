"""What recorders have counted since recording began."""

from django.db import models


class Counter(models.Model):
    """One count, summed over all recorders; `counter_names` has the names. It never decreases."""

    name = models.CharField(max_length=50, primary_key=True)
    value = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"
