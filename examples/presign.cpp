// Makes addresses that let a browser download and upload without credentials. No request is sent.
#include <orlop/storage.h>

#include <iostream>

int main(int argc, char** argv) {
  auto storage = orlop::Storage::from_url(argc > 1 ? argv[1] : "s3://bucket?region=eu-central-1").value();

  orlop::UrlOptions download;
  download.expires = std::chrono::minutes(5);
  download.parameters = {{"response-content-disposition", "attachment; filename=\"report.pdf\""}};
  std::cout << storage.url("reports/1.pdf", download).value() << "\n";

  orlop::UrlOptions upload;
  upload.method = orlop::SignedMethod::put;
  upload.parameters = {{"content-type", "application/pdf"}};
  orlop::Presigned ticket = storage.presign("reports/2.pdf", upload).value();
  std::cout << ticket.method << " " << ticket.url << "\n";
  for (const auto& [name, value] : ticket.headers) std::cout << name << ": " << value << "\n";
}
