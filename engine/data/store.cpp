#include "engine/data/store.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include "engine/api/result.h"
#include "engine/data/builtin.h"
#include "engine/data/names.h"
#include "engine/data/png_codec.h"
#include "engine/data/store_index.h"
#include "engine/data/zip_reader.h"

namespace orrery::data {
namespace {

constexpr std::uint64_t index_limit = std::uint64_t{256} << 20;
constexpr std::uint64_t extras_limit = std::uint64_t{128} << 20;

class ZipStore final : public Store {
 public:
  ZipStore(const std::string& path, std::string name) : zip_(path), path_(path), name_(std::move(name)) {
    std::size_t labels = npos, extras = npos;
    const auto& entries = zip_.entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].name == labels_entry) labels = i;
      if (entries[i].name == extras_entry) extras = i;
      if (extension_of(entries[i].name) == "png" && !entries[i].link && !entries[i].name.starts_with("__MACOSX/")) pictures_.push_back(i);
    }
    if (pictures_.empty()) refuse("it holds no PNG pictures");
    std::sort(pictures_.begin(), pictures_.end(), [&](std::size_t a, std::size_t b) { return entries[a].name < entries[b].name; });
    try {
      format_ = png_size(zip_.read(pictures_.front(), index_limit));
      if (labels != npos) read_labels(parse_labels(zip_.read(labels, index_limit)));
      if (extras != npos) read_extras(parse_extras(zip_.read(extras, extras_limit)));
    } catch (const Error& error) {
      refuse(error.what());
    }
    // Weights of NVIDIA's vector labels have no names; neither do the classes of a zip that is not ours.
    for (std::size_t i = extras_.class_names.size(); i < classes_; ++i) extras_.class_names.push_back(std::to_string(i));
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(pictures_.size()); }
  int width_px() const override { return format_.width_px; }
  int height_px() const override { return format_.height_px; }
  int channels() const override { return format_.channels; }
  const std::vector<std::string>& class_names() const override { return extras_.class_names; }
  std::int64_t label(std::int64_t index) const override { return labels_.empty() ? -1 : labels_.at(static_cast<std::size_t>(index)); }
  std::vector<float> label_weights(std::int64_t index) const override {
    if (!weights_.empty()) return weights_.at(static_cast<std::size_t>(index));
    return Store::label_weights(index);
  }
  std::string caption(std::int64_t index) const override { return extras_.captions.empty() ? "" : extras_.captions.at(static_cast<std::size_t>(index)); }

  at::Tensor picture(std::int64_t index) const override {
    const std::size_t entry = pictures_.at(static_cast<std::size_t>(index));
    const std::uint64_t bytes = static_cast<std::uint64_t>(width_px()) * height_px() * 8 + (std::uint64_t{1} << 20);
    const Pixels pixels = decode_png(zip_.read(entry, bytes), format_);
    at::Tensor out = at::empty({channels(), height_px(), width_px()}, at::kByte);
    auto* planes = out.data_ptr<std::uint8_t>();
    const std::size_t plane = static_cast<std::size_t>(width_px()) * height_px();
    for (int c = 0; c < channels(); ++c) {
      for (std::size_t i = 0; i < plane; ++i) planes[c * plane + i] = pixels.bytes[i * channels() + c];
    }
    return out;
  }

  DatasetInfo info() const override {
    DatasetInfo info;
    info.path = path_;
    info.name = extras_.name.empty() ? name_ : extras_.name;
    info.taken = size();
    info.skipped = extras_.skipped;
    info.seen = info.taken + info.skipped;
    info.width_px = width_px();
    info.height_px = height_px();
    info.channels = channels();
    info.class_names = extras_.class_names;
    info.class_counts.assign(classes_, 0);
    for (const auto label : labels_) ++info.class_counts[static_cast<std::size_t>(label)];
    info.problems = extras_.problems;
    return info;
  }

 private:
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);
  ZipReader zip_;
  std::string path_, name_;
  std::vector<std::size_t> pictures_;  // entries of the zip, by name
  PngSize format_;
  std::size_t classes_ = 0;
  std::vector<std::int64_t> labels_;         // empty: unlabelled
  std::vector<std::vector<float>> weights_;  // only for vector labels
  StoreExtras extras_;

  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ErrorCode::bad_input, readable_name(path_) + " is not a data set: " + why + ".", "Nothing was changed.",
                "Make one with: orrery dataset import " + readable_name(path_) + " --out NAME.zip");
  }

  void read_labels(const LabelList& list) {
    if (!list.problems.empty()) refuse("in its dataset.json " + list.problems.front());
    if (!list.present) return;
    if (!list.classes.empty() && !list.vectors.empty()) refuse("its dataset.json mixes class numbers and vectors");
    std::unordered_map<std::string_view, std::size_t> by_file;
    for (std::size_t i = 0; i < list.classes.size(); ++i) by_file[list.classes[i].first] = i;
    for (std::size_t i = 0; i < list.vectors.size(); ++i) by_file[list.vectors[i].first] = i;
    for (const std::size_t entry : pictures_) {
      const std::string& file = zip_.entries()[entry].name;
      const auto found = by_file.find(file);
      if (found == by_file.end()) refuse("its dataset.json has no label for " + readable_name(file));
      if (list.vectors.empty()) {
        labels_.push_back(list.classes[found->second].second);
        classes_ = std::max(classes_, static_cast<std::size_t>(labels_.back()) + 1);
        if (classes_ > max_classes) refuse("its dataset.json has more than 65,536 classes");
      } else {
        weights_.push_back(list.vectors[found->second].second);
        const auto& weights = weights_.back();
        if (weights.empty() || weights.size() != weights_.front().size() || weights.size() > max_classes) refuse("the label vectors in its dataset.json differ in length");
        labels_.push_back(std::max_element(weights.begin(), weights.end()) - weights.begin());
        classes_ = weights.size();
      }
    }
  }

  void read_extras(StoreExtras extras) {
    const std::size_t count = pictures_.size();
    for (const auto* list : {&extras.captions, &extras.sources}) {
      if (!list->empty() && list->size() != count) refuse("its orrery.json is about another number of pictures");
    }
    if (!extras.class_names.empty() && (extras.class_names.size() < classes_ || classes_ == 0)) refuse("its orrery.json names another number of classes");
    if (extras.skipped < 0) refuse("its orrery.json counts less than nothing");
    classes_ = std::max(classes_, extras.class_names.size());
    extras_ = std::move(extras);
  }

  static constexpr std::size_t max_classes = 65536;
};

}  // namespace

std::vector<float> Store::label_weights(std::int64_t index) const {
  std::vector<float> weights(class_names().size(), 0.f);
  if (const std::int64_t label = this->label(index); label >= 0) weights.at(static_cast<std::size_t>(label)) = 1.f;
  return weights;
}

std::shared_ptr<const Store> Store::open(const std::string& path_or_builtin, int builtin_size_px) {
  if (is_builtin(path_or_builtin)) {
    const std::string name = path_or_builtin.substr(std::string("builtin:").size());
    return std::make_shared<ZipStore>(builtin_store(path_or_builtin, builtin_size_px > 0 ? builtin_size_px : 64), name);
  }
  return std::make_shared<ZipStore>(path_or_builtin, std::filesystem::path(path_or_builtin).stem().string());
}

}  // namespace orrery::data
