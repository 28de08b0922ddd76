// Shares a file: stores it in a bucket, made if there is none, lets everybody read it, and prints its address and who
// may do what.
// Run with a file and a bucket; keys and endpoint come from the environment, as for Amazon's tools.
#include <orlop/s3.h>

#include <filesystem>
#include <iostream>

namespace s3 = orlop::s3;

orlop::Result<void> share(const std::string& path, const std::string& name) {
  ORLOP_ASSIGN(s3::Service service, s3::Service::connect());
  ORLOP_ASSIGN(std::optional<s3::Bucket> bucket, service.look_up(name));
  if (!bucket) {
    ORLOP_ASSIGN(bucket, service.create(name));
  }
  s3::Object object = bucket->object(std::filesystem::path(path).filename().string());
  s3::WriteOptions options;
  options.acl = "public-read";
  ORLOP_TRY(object.upload(path, options));
  ORLOP_ASSIGN(std::string url, object.public_url());
  std::cout << url << "\n";
  ORLOP_ASSIGN(s3::Acl acl, object.acl());
  for (const s3::Grant& grant : acl.grants) {
    std::cout << to_string(grant.permission) << " to " << (grant.name.empty() ? grant.grantee : grant.name) << "\n";
  }
  return {};
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: share FILE BUCKET\n";
    return 2;
  }
  auto shared = share(argv[1], argv[2]);
  if (shared) return 0;
  std::cerr << shared.error().to_string() << "\n";
  return 1;
}
