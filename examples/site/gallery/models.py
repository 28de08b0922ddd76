from django.db import models


class Picture(models.Model):
    title = models.CharField(max_length=80)
    image = models.ImageField(upload_to="pictures/%Y/", width_field="width", height_field="height")
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    uploaded = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-uploaded", "-id"]

    def __str__(self):
        return self.title
