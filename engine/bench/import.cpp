// Files into a store: pictures decoded and made small against the same steps by libvips, one after the other; the list of a large folder
// against a walk of the standard library.
#include "engine/bench/bench.h"

#ifdef ORRERY_MEDIA
#include <stdlib.h>
#include <vips/vips.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "engine/api/result.h"
#include "engine/data/import.h"
#include "engine/data/store.h"
#include "engine/device/rng.h"
#endif

namespace orrery::bench {

#ifndef ORRERY_MEDIA
std::vector<Benchmark> import_benchmarks() { return {}; }
#else

namespace {
namespace fs = std::filesystem;

constexpr int kJpegs = 60, kJpegSide_px = 1024, kSide_px = 64;
constexpr int kFolders = 100, kFilesPerFolder = 1000;

// A folder of its own in the system's temporary one, gone with the last benchmark that uses it.
struct Folder {
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "orrery-bench-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw Error(ErrorCode::failed, "No temporary folder can be made for the benchmark.", "Nothing was measured.", "Free some space in " + fs::temp_directory_path().string() + ".");
    path = pattern;
    fs::create_directory(path / "in");
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path path;
};

void vips(int code) {
  if (code != 0) throw std::runtime_error(std::string("libvips: ") + vips_error_buffer());
}

// Clouds with a little grain, so that a JPEG has the size of a photo's.
std::vector<std::uint8_t> photo(int number) {
  Rng rng(7, static_cast<std::uint64_t>(number));
  const at::Tensor coarse = rng.normal({3, 17, 17}, at::kFloat), grain = Rng(8, static_cast<std::uint64_t>(number)).normal({kJpegSide_px, kJpegSide_px}, at::kFloat);
  std::vector<std::uint8_t> bytes(std::size_t{3} * kJpegSide_px * kJpegSide_px);
  const auto c = coarse.accessor<float, 3>();
  const float* g = grain.const_data_ptr<float>();
  for (int y = 0, i = 0; y < kJpegSide_px; ++y) {
    for (int x = 0; x < kJpegSide_px; ++x) {
      const int row = y / 64, column = x / 64;
      const float v = static_cast<float>(y % 64) / 64.0F, u = static_cast<float>(x % 64) / 64.0F;
      for (int k = 0; k < 3; ++k, ++i) {
        const float cloud = (1 - v) * ((1 - u) * c[k][row][column] + u * c[k][row][column + 1]) + v * ((1 - u) * c[k][row + 1][column] + u * c[k][row + 1][column + 1]);
        bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(std::clamp(128.0F + 45.0F * cloud + 6.0F * g[y * kJpegSide_px + x], 0.0F, 255.0F));
      }
    }
  }
  return bytes;
}

void write_jpeg(const fs::path& path, std::vector<std::uint8_t> rgb) {
  VipsImage* image = vips_image_new_from_memory(rgb.data(), rgb.size(), kJpegSide_px, kJpegSide_px, 3, VIPS_FORMAT_UCHAR);
  if (!image) vips(-1);
  const int code = vips_jpegsave(image, path.c_str(), "Q", 90, nullptr);
  g_object_unref(image);
  vips(code);
}

ImportOptions imports(const Folder& folder) {
  ImportOptions options;
  options.sources = {(folder.path / "in").string()};
  options.out = (folder.path / "store.zip").string();
  options.size_px = kSide_px;
  return options;
}

// The plain way: the whole picture, an area average, a PNG beside it.
void import_plainly(const Folder& folder) {
  for (int k = 0; k < kJpegs; ++k) {
    const std::string name = std::to_string(k);
    VipsImage *whole = nullptr, *small = nullptr;
    vips(vips_jpegload((folder.path / "in" / (name + ".jpg")).c_str(), &whole, nullptr));
    const int shrunk = vips_shrink(whole, &small, static_cast<double>(kJpegSide_px) / kSide_px, static_cast<double>(kJpegSide_px) / kSide_px, nullptr);
    g_object_unref(whole);
    vips(shrunk);
    const int saved = vips_pngsave(small, (folder.path / (name + ".png")).c_str(), "compression", 0, nullptr);
    g_object_unref(small);
    vips(saved);
  }
}

// Mean distance of the two ways' first pictures, of a full range of 1: their filters differ.
double distance(const Folder& folder) {
  data::ImportObserver nobody;
  data::import_dataset(imports(folder), nobody);
  import_plainly(folder);
  const auto store = data::Store::open((folder.path / "store.zip").string());
  if (store->size() != kJpegs) return 1.0;
  const at::Tensor ours = store->picture(0).to(at::kFloat);
  VipsImage* image = nullptr;
  vips(vips_pngload((folder.path / "0.png").c_str(), &image, nullptr));
  std::size_t bytes = 0;
  void* rgb = vips_image_write_to_memory(image, &bytes);
  g_object_unref(image);
  const at::Tensor plain = at::from_blob(rgb, {kSide_px, kSide_px, 3}, at::kByte).permute({2, 0, 1}).to(at::kFloat);
  const double mean = (ours - plain).abs().mean().item<double>() / 255.0;
  g_free(rgb);
  return mean;
}

Contest jpegs() {
  const auto folder = std::make_shared<Folder>();
  vips(VIPS_INIT("orrery"));
  for (int k = 0; k < kJpegs; ++k) write_jpeg(folder->path / "in" / (std::to_string(k) + ".jpg"), photo(k));
  return {[folder] {
            data::ImportObserver nobody;
            data::import_dataset(imports(*folder), nobody);
          },
          [folder] { import_plainly(*folder); }, [folder] { return distance(*folder); }, 0.02};
}

// Gives up when the list is whole.
class Lister : public data::ImportObserver {
 public:
  void progress(const data::ImportProgress& progress) override {
    listed = std::max(listed, progress.total);
    done = !progress.listing;
  }
  bool cancelled() override { return done; }
  std::int64_t listed = -1;
  bool done = false;
};

std::int64_t list(const Folder& folder) {
  Lister lister;
  try {
    data::import_dataset(imports(folder), lister);
  } catch (const Error& error) {
    if (error.error().code != ErrorCode::cancelled) throw;
  }
  return lister.listed;
}

std::int64_t list_plainly(const Folder& folder) {
  std::int64_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path / "in")) files += entry.is_regular_file();
  return files;
}

Contest names() {
  const auto folder = std::make_shared<Folder>();
  for (int k = 0; k < kFolders; ++k) {
    const fs::path inner = folder->path / "in" / std::to_string(k);
    fs::create_directory(inner);
    for (int i = 0; i < kFilesPerFolder; ++i) std::ofstream(inner / (std::to_string(i) + ".png"));  // empty: only their names count
  }
  return {[folder] { list(*folder); }, [folder] { list_plainly(*folder); },
          [folder] { return list(*folder) == kFolders * kFilesPerFolder && list_plainly(*folder) == kFolders * kFilesPerFolder ? 0.0 : 1.0; }, 0.0};
}

}  // namespace

std::vector<Benchmark> import_benchmarks() {
  return {{"import/jpeg_1024px", "60 JPEGs of 1024 px into a store of 64 px", "whole pictures, averaged by libvips, one after the other", jpegs, 5},
          {"import/list", "the list of 100,000 files in 100 folders", "std::filesystem", names, 2}};
}
#endif

}  // namespace orrery::bench
