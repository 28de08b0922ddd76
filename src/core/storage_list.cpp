// Storage: listings.
#include <fmt/core.h>

#include "core/storage_names.h"
#include "orlop/storage.h"

namespace orlop {

namespace {

// A service that answers with empty pages for ever must not be believed for ever.
constexpr int empty_pages_limit = 1000;

}  // namespace

Lister::Lister(std::shared_ptr<Driver> driver, ListRequest request, Context context)
    : driver_(std::move(driver)), request_(std::move(request)), context_(std::move(context)) {}

Result<const Entry*> Lister::next() {
  if (inside_ && !started_) ORLOP_TRY(check_inside(request_.prefix));
  for (int empty_pages = 0; position_ == page_.entries.size(); ++empty_pages) {
    if (started_ && page_.next.empty()) return nullptr;
    if (empty_pages > empty_pages_limit || (started_ && page_.next == request_.token)) {
      return Error(Code::data_corrupted, "the listing does not come to an end")
          .add_context("list", driver_->info().scheme, request_.prefix);
    }
    request_.token = std::move(page_.next);
    page_.next.clear();
    ORLOP_ASSIGN(Page page, driver_->list(context_, request_));
    page_ = std::move(page);
    position_ = 0;
    started_ = true;
  }
  return &page_.entries[position_++];
}

Lister Storage::list(std::string_view prefix, std::string_view delimiter, const Context& context) const {
  Lister lister(driver_, {.prefix = std::string(prefix), .delimiter = std::string(delimiter)}, context);
  lister.inside_ = true;
  return lister;
}

Result<Listing> Storage::listdir(std::string_view path, const Context& context) const {
  std::string prefix(path);
  if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
  Listing listing;
  Lister lister = list(prefix, "/", limited(context));
  for (;;) {
    ORLOP_ASSIGN(const Entry* entry, lister.next());
    if (!entry) return listing;
    if (!entry->key.starts_with(prefix)) {
      return Error(Code::data_corrupted, "the listing holds a key outside of the prefix that was asked for");
    }
    std::string last = entry->key.substr(prefix.size());
    if (entry->is_prefix && last.ends_with('/')) last.pop_back();
    // The object some tools make to stand for the directory is no file in it.
    if (last.empty() && !entry->is_prefix) continue;
    (entry->is_prefix ? listing.directories : listing.files).push_back(std::move(last));
  }
}

}  // namespace orlop
