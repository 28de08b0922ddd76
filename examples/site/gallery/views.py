from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from . import ledger
from .forms import PictureForm
from .models import Picture


def show_gallery(request, form, status=200):
    return render(request, "gallery/gallery.html", {"form": form, "pictures": Picture.objects.all()}, status=status)


@require_GET
def gallery(request):
    return show_gallery(request, PictureForm())


@require_POST
def upload(request):
    form = PictureForm(request.POST, request.FILES)
    if not form.is_valid():
        return show_gallery(request, form, status=422)
    form.save()
    return redirect("gallery")


@require_GET
def requests(request):
    return render(request, "gallery/requests.html", {"pages": list(ledger.recent)})
