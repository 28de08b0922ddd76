// The boto tutorial ("A basic understanding of Python and Django with S3") line by line: each step says in its comment
// which of the tutorial's it is, does the same with this library, and checks what came of it.
// Run with a bucket's name, which must be free, and a folder for downloads; keys and endpoint come from the
// environment, as for Amazon's tools. A third argument "no-acls" says that the service has no access control lists:
// then the steps that set one are expected to be refused as unsupported. Both buckets are left, to be looked at.
#include <orlop/s3.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

namespace s3 = orlop::s3;

namespace {

bool has_acls = true;
int failures = 0;

void expect(bool held, std::string_view what) {
  std::cout << (held ? "ok      " : "FAILED  ") << what << "\n";
  if (!held) ++failures;
}

// A step that sets an access control list: done, or refused where there are none.
bool set_or_unsupported(const orlop::Result<void>& set, std::string_view what) {
  const bool expected = has_acls ? set.has_value() : !set && set.error().code() == orlop::Code::unsupported;
  if (!expected && !set) std::cout << set.error().to_string() << "\n";
  expect(expected, std::string(what) + (has_acls ? "" : " is refused"));
  return set.has_value();
}

bool grants(const s3::Acl& acl, std::string_view group, s3::Permission permission) {
  return std::any_of(acl.grants.begin(), acl.grants.end(), [&](const s3::Grant& grant) {
    return grant.to == s3::Grant::To::group && grant.grantee == group && grant.permission == permission;
  });
}

std::vector<std::string> keys(const s3::Bucket& bucket, std::string_view prefix) {
  std::vector<std::string> found;
  orlop::Lister lister = bucket.list(prefix);
  while (const orlop::Entry* entry = lister.next().value()) found.push_back(entry->key);
  return found;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// "Connect to S3": anonymously for files that are public, or with keys for all; and "Shortcut to connect", which is
// "just another way to make a connection object". Here it is one call; without keys they come from the environment.
s3::Service connect() { return s3::Service::connect().value(); }
s3::Service connect_anonymously() { return s3::Service::connect({.anonymous = true}).value(); }

// The table of canned access control lists, of which one is about buckets alone; services that write no logs into
// buckets do not take it.
void try_log_delivery(const s3::Bucket& bucket) {
  orlop::Result<void> set = bucket.set_acl("log-delivery-write");
  if (!set) {
    expect(set.error().code() == orlop::Code::invalid_argument, "canned list log-delivery-write is refused");
    return;
  }
  const s3::Acl acl = bucket.acl().value();
  expect(
      grants(acl, s3::log_delivery, s3::Permission::write) && grants(acl, s3::log_delivery, s3::Permission::read_acp),
      "canned list log-delivery-write");
}

// "Set ACL for bucket": get_bucket(), then set_acl() with one of the table of canned access control lists.
void set_acl_of_bucket(const s3::Service& conn, const std::string& name) {
  s3::Bucket bucket = conn.get(name).value();
  expect(bucket.name() == name, "get_bucket finds the bucket");
  expect(conn.get(name + "-none").error().service_code() == "NoSuchBucket", "get_bucket of none is NoSuchBucket");
  if (has_acls) try_log_delivery(bucket);
  if (!set_or_unsupported(bucket.set_acl("public-read"), "set_acl of a bucket")) return;
  expect(grants(bucket.acl().value(), s3::all_users, s3::Permission::read), "a public-read bucket lets all users READ");
}

// The others of the table, on an object: the permissions added to the owner's FULL_CONTROL.
void try_the_canned_acls(const s3::Object& foobar) {
  struct Row {
    std::string_view canned, group;
    std::vector<s3::Permission> permissions;
  };
  const std::vector<Row> table = {
      {"private", s3::all_users, {}},
      {"public-read", s3::all_users, {s3::Permission::read}},
      {"public-read-write", s3::all_users, {s3::Permission::read, s3::Permission::write}},
      {"authenticated-read", s3::authenticated_users, {s3::Permission::read}},
      // The bucket's owner is the object's here, and has FULL_CONTROL already.
      {"bucket-owner-read", s3::all_users, {}},
      {"bucket-owner-full-control", s3::all_users, {}},
  };
  for (const Row& row : table) {
    foobar.set_acl(row.canned).value();
    const s3::Acl acl = foobar.acl().value();
    bool as_told = std::all_of(row.permissions.begin(), row.permissions.end(),
                               [&](s3::Permission permission) { return grants(acl, row.group, permission); });
    bool owner = std::any_of(acl.grants.begin(), acl.grants.end(), [&](const s3::Grant& grant) {
      return grant.grantee == acl.owner.id && grant.permission == s3::Permission::full_control;
    });
    const auto groups = std::count_if(acl.grants.begin(), acl.grants.end(),
                                      [](const s3::Grant& grant) { return grant.to == s3::Grant::To::group; });
    expect(owner && as_told && groups == std::ssize(row.permissions), "canned list " + std::string(row.canned));
  }
}

// "Set ACL for key object", by the bucket with the key's name, and "(via Key)". Both are the object's here.
void set_acl_of_key(const s3::Bucket& bucket) {
  s3::Object key = bucket.object("foobar");
  if (has_acls) try_the_canned_acls(key);
  if (!set_or_unsupported(key.set_acl("public-read"), "set_acl of a key")) return;
  expect(connect_anonymously().bucket(bucket.name()).value().object("foobar").read_all().value() == "public",
         "an anonymous connection reads the public file");
}

// "Create bucket".
s3::Bucket create_bucket(const s3::Service& conn, const std::string& name) {
  s3::Bucket bucket = conn.create(name).value();
  expect(conn.look_up(name).value().has_value(), "create_bucket makes a bucket");
  return bucket;
}

// "List buckets": all of them, and the name of each.
void list_buckets(const s3::Service& conn, const std::string& one, const std::string& other) {
  std::vector<std::string> names;
  s3::Buckets all = conn.buckets().value();
  for (const s3::Bucket& bucket : all.buckets) names.push_back(bucket.name());
  expect(std::count(names.begin(), names.end(), one) == 1 && std::count(names.begin(), names.end(), other) == 1,
         "get_all_buckets names both buckets");
}

// "Create key (store data)": a key with slashes in its name is given its content from a string.
void store_data(const s3::Bucket& bucket) {
  s3::Object key = bucket.object("this/whole/thing/is/a/key1");
  orlop::Meta stored = key.write("This is my text").value();
  expect(stored.size == 15 && key.stat().value().size == 15, "set_contents_from_string stores fifteen bytes");
}

// "Delete key (delete data)": gone, and no error the second time.
void delete_data(const s3::Bucket& bucket) {
  s3::Object key = bucket.object("this/whole/thing/is/a/key1");
  key.remove().value();
  expect(!key.exists().value(), "delete removes the key");
  expect(key.remove().has_value(), "delete of what is gone succeeds");
}

// "Get data (from key)": as a string, and into a file.
void get_data(const s3::Bucket& bucket, const std::filesystem::path& folder) {
  s3::Object key = bucket.object("foobar");
  expect(key.read_all().value() == "public", "get_contents_as_string returns the content");
  orlop::File content = key.open().value();
  std::ofstream(folder / "foobar") << content.read_all().value();
  expect(content_of(folder / "foobar") == "public", "get_contents_to_file writes the content");
  expect(bucket.object("nowhere").read_all().error().service_code() == "NoSuchKey", "a missing key is NoSuchKey");
}

// "Copy files within bucket": the copy has the content and what goes with it.
void copy_within_bucket(const s3::Bucket& bucket) {
  s3::Object key = bucket.object("this/is/a/file"), copy = bucket.object("this/is/a/newfile");
  s3::WriteOptions options;
  options.attrs.content_type = "text/x-notes";
  key.write("to be copied", options).value();
  key.copy_to(copy).value();
  expect(copy.read_all().value() == "to be copied", "copy has the content");
  expect(copy.stat().value().attrs.content_type == "text/x-notes", "copy has the content type");
  expect(keys(bucket, "this/is/a/").size() == 2, "copy leaves the source");
}

// "Get bucket access control policy": the grants, each with its permission and grantee (which boto's have not).
void get_acl_of_bucket(const s3::Bucket& bucket) {
  if (!has_acls) return;
  s3::Acl acl = bucket.acl().value();
  for (const s3::Grant& grant : acl.grants)
    std::cout << "        " << to_string(grant.permission) << " " << grant.grantee << "\n";
  expect(acl.grants.size() == 2 && !acl.owner.id.empty(), "get_acl has the owner's grant and the one of all users");
}

// "Set meta data" on a key, which takes effect when its content is stored, and "Get meta data".
void keep_metadata(const s3::Bucket& bucket) {
  s3::Object key = bucket.object("has_metadata.txt");
  s3::WriteOptions options;
  options.attrs.user["meta1"] = "first value";
  options.attrs.user["meta2"] = "second value";
  key.write("has metadata", options).value();
  orlop::StringMap stored = bucket.look_up("has_metadata.txt").value()->attrs.user;
  expect(stored["meta1"] == "first value", "get_metadata returns the first value");
  expect(stored["meta2"] == "second value", "get_metadata returns the second value");
  expect(!stored.contains("meta3"), "get_metadata of what was not set is nothing");
}

// "Download file": a key of the bucket to a path.
void download_file(const s3::Bucket& bucket, const std::filesystem::path& folder) {
  s3::Object key = bucket.object("some-file-on-s3.txt");
  key.write("some file").value();
  const std::filesystem::path download_path = folder / "some-file-from-s3.txt";
  key.download(download_path).value();
  expect(content_of(download_path) == "some file", "the downloaded file has the content");
}

// "Using S3 with Django", s3utils.py and settings.py: storages for static files and for media in one bucket, told apart
// by their location.
struct Site {
  orlop::Storage statics, media;
};
Site make_site(const std::string& bucket) {
  Site site{orlop::Storage::from_url("s3://" + bucket + "/static").value(),
            orlop::Storage::from_url("s3://" + bucket + "/media").value()};
  site.statics.save("css/site.css", "body {}").value();
  expect(site.statics.exists("css/site.css").value(), "the location static has its file");
  expect(!site.media.exists("css/site.css").value(), "the location media has not");
  return site;
}

// "Check if file and directory exist". Directories are what names have in common: one is there when something is in it.
void check_existence(const orlop::Storage& media) {
  media.save("path/to/file/img.jpg", "a picture").value();
  expect(media.exists("path/to/file/img.jpg").value(), "exists of a file");
  expect(!media.exists("path/to/file").value(), "exists of a directory is false: no file has its name");
  expect(media.list("path/to/file/").next().value() != nullptr, "the directory has something in it");
}

// "List files in directory".
void list_files(const orlop::Storage& media) {
  orlop::Listing found = media.listdir("path/to/file").value();
  expect(found.files == std::vector<std::string>{"img.jpg"} && found.directories.empty(), "listdir names the file");
  expect(media.listdir("path").value().directories == std::vector<std::string>{"to"}, "listdir names the directory");
}

// "Delete file and directory". The tutorial has it that a directory goes with all that is in it; what it shows deletes
// the one file of that name, which is none. Its files are removed by their names.
void delete_files(const orlop::Storage& media) {
  media.save("path/to/file/other.jpg", "another").value();
  media.remove("path/to/file/img.jpg").value();
  expect(!media.exists("path/to/file/img.jpg").value(), "delete of a file");
  media.remove("path/to/file").value();
  expect(media.exists("path/to/file/other.jpg").value(), "delete of a directory's name leaves the files in it");
  std::vector<std::string> names;
  orlop::Lister lister = media.list("path/to/file/");
  while (const orlop::Entry* entry = lister.next().value()) names.push_back(entry->key);
  media.remove(names).value();
  expect(media.list("path/to/file/").next().value() == nullptr, "delete of every file in it empties the directory");
}

// "Create a model", whose FileField has upload_to='dummy', and "Get file object" by the name the row keeps: a taken
// name is not overwritten, so the name a file was saved under is the one to keep.
std::string keep_and_open(const orlop::Storage& media) {
  orlop::SaveOptions as_a_field;
  as_a_field.overwrite = false;
  std::string first = media.save("dummy/report.csv", "1,2,3\n", as_a_field).value();
  std::string second = media.save("dummy/report.csv", "4,5,6\n", as_a_field).value();
  expect(first == "dummy/report.csv" && second != first && second.starts_with("dummy/report_"),
         "a second file of the name gets another");
  orlop::File file_object = media.open(second).value();
  expect(file_object.read_all().value() == "4,5,6\n", "open and read return the content");
  return first;
}

// "Return file response": the type guessed from the name, and the name to save it under. Here the browser gets both
// from the bucket: the type was guessed when the file was saved, and the address has the name in it.
void return_file_response(const orlop::Storage& media, const std::string& name) {
  expect(media.stat(name).value().attrs.content_type == "text/csv", "the type of a .csv is text/csv");
  orlop::UrlOptions options;
  options.parameters = {{"response-content-disposition", "attachment; filename=report.csv"}};
  std::cout << "response " << media.url(name, options).value() << "\n";
}

void follow(const std::string& name, const std::filesystem::path& folder) {
  s3::Service conn = connect();
  // The tutorial has 'meetuphouston' with its 'foobar' already.
  s3::Bucket meetup = conn.create(name).value();
  meetup.object("foobar").write("public").value();

  set_acl_of_bucket(conn, name);
  set_acl_of_key(meetup);
  s3::Bucket mine = create_bucket(conn, name + "-mybucket");
  list_buckets(conn, meetup.name(), mine.name());
  store_data(mine);
  delete_data(mine);
  get_data(meetup, folder);
  copy_within_bucket(mine);
  get_acl_of_bucket(meetup);
  keep_metadata(mine);
  download_file(mine, folder);

  Site site = make_site(name);
  check_existence(site.media);
  list_files(site.media);
  delete_files(site.media);
  return_file_response(site.media, keep_and_open(site.media));
  // "my_object.form_field.file.path raises": nothing to ask for here; files in a bucket have no path.
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4 || (argc == 4 && std::string_view(argv[3]) != "no-acls")) {
    std::cerr << "usage: boto_tutorial BUCKET FOLDER [no-acls]\n";
    return 2;
  }
  has_acls = argc == 3;
  try {
    follow(argv[1], argv[2]);
  } catch (const orlop::StorageError& error) {  // what value() throws when a step failed
    std::cerr << error.what() << "\n";
    return 1;
  }
  return failures == 0 ? 0 : 1;
}
