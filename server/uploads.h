// Multipart uploads of one bucket: parts and their facts as hidden objects, so that they survive a restart. Below
// OwnNames::prefix:
//
//   uploads/<id>/upload        what the object shall be (a record)
//   uploads/<id>/parts/<n>     size, MD5, checksum and data of part n (a record; written after its data)
//   uploads/<id>/data/<name>   the bytes of a part
#pragma once

#include "server/objects.h"

namespace orlop::server {

struct Upload {
  std::string id;
  std::string key;
  Attrs attrs;
  Facts facts;  // acl, tags, storage class
  SystemTime initiated;
  ChecksumAlgorithm algorithm = ChecksumAlgorithm::crc64nvme;
  bool algorithm_chosen = false;  // by the client
  bool composite = false;         // the object's checksum is one of the parts' checksums
};

struct UploadedPart {
  std::uint32_t number = 0;
  std::uint64_t size = 0;
  std::string md5;  // hex
  Checksum checksum;
  SystemTime modified;
  std::string data;  // key of the bytes
};

class Uploads {
 public:
  explicit Uploads(Objects& objects) : objects_(objects), prefix_(std::string(objects.own().prefix) + "uploads/") {}

  // Fills in id and time. Result: the id.
  Result<std::string> begin(Upload upload);
  // Errors: NoSuchUpload, also for an upload of another key.
  Result<Upload> find(const std::string& id, const std::string& key);
  Result<UploadedPart> put_part(const Upload& upload, std::uint32_t number, MeasuredSource& content);
  Result<std::vector<UploadedPart>> parts(const Upload& upload);  // by number
  // Publishes `parts`, which are some of the upload's, in order, and removes the upload.
  Result<Object> complete(const Upload& upload, const std::vector<UploadedPart>& parts,
                          const WriteConditions& conditions);
  Result<void> remove(const std::string& id);
  Result<std::vector<Upload>> all();  // by key, then by time

  // What the object made of `parts` will be.
  static Facts facts_of(const Upload& upload, const std::vector<UploadedPart>& parts);

 private:
  std::string directory(std::string_view id) const;
  std::string upload_key(std::string_view id) const;
  std::string part_key(std::string_view id, std::uint32_t number) const;
  Result<StringMap> read_record(const std::string& key);
  Result<void> write_record(const std::string& key, const StringMap& record);
  Result<Upload> load(const std::string& id);

  Objects& objects_;
  std::string prefix_;
};

}  // namespace orlop::server
