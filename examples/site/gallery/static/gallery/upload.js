// Shows how far an upload is; without JavaScript the form works all the same.
const form = document.getElementById("upload");
const bar = document.getElementById("progress");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const request = new XMLHttpRequest();
  request.upload.onprogress = (progress) => {
    bar.value = progress.loaded / progress.total;
  };
  request.onload = () => {
    if (request.status < 400) {
      location.assign(request.responseURL);
    } else {
      document.open(); // the same form, with its errors
      document.write(request.responseText);
      document.close();
    }
  };
  request.onerror = () => form.submit();
  bar.hidden = false;
  request.open("POST", form.action);
  request.send(new FormData(form));
});
