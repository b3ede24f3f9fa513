#include "engine/media/gif_palette.h"

#include <algorithm>
#include <limits>

namespace orrery::media {
namespace {

constexpr int kBins = 1 << 15;
constexpr double kKeepIfWithin = 1.3;  // times the error of a palette of the frame's own

int bin_of(int r, int g, int b) { return (r >> 3) << 10 | (g >> 3) << 5 | b >> 3; }

struct Bin {
  int colour[3];  // mean of its pixels
  std::int64_t count;
};

std::vector<Bin> histogram(const std::uint8_t* rgb, std::int64_t pixels) {
  struct Sum { std::int64_t r = 0, g = 0, b = 0, count = 0; };
  std::vector<Sum> sums(kBins);
  for (std::int64_t i = 0; i < pixels; ++i, rgb += 3) {
    Sum& sum = sums[static_cast<std::size_t>(bin_of(rgb[0], rgb[1], rgb[2]))];
    sum.r += rgb[0];
    sum.g += rgb[1];
    sum.b += rgb[2];
    ++sum.count;
  }
  std::vector<Bin> bins;
  for (const Sum& sum : sums) {
    if (sum.count > 0) bins.push_back({{static_cast<int>(sum.r / sum.count), static_cast<int>(sum.g / sum.count), static_cast<int>(sum.b / sum.count)}, sum.count});
  }
  return bins;
}

// A run of bins, its widest axis, and how much splitting it would help.
struct Box {
  std::size_t begin = 0, end = 0;
  int axis = 0;
  double worth = 0.0;
};

Box box_of(const std::vector<Bin>& bins, std::size_t begin, std::size_t end) {
  Box box{begin, end, 0, 0.0};
  int widest = 0;
  std::int64_t count = 0;
  for (std::size_t i = begin; i < end; ++i) count += bins[i].count;
  for (int axis = 0; axis < 3; ++axis) {
    int low = 255, high = 0;
    for (std::size_t i = begin; i < end; ++i) {
      low = std::min(low, bins[i].colour[axis]);
      high = std::max(high, bins[i].colour[axis]);
    }
    if (high - low > widest) {
      widest = high - low;
      box.axis = axis;
    }
  }
  box.worth = static_cast<double>(widest) * widest * static_cast<double>(count);
  return box;
}

std::uint32_t mean_of(const std::vector<Bin>& bins, const Box& box) {
  std::int64_t sum[3] = {0, 0, 0}, count = 0;
  for (std::size_t i = box.begin; i < box.end; ++i) {
    for (int axis = 0; axis < 3; ++axis) sum[axis] += bins[i].colour[axis] * bins[i].count;
    count += bins[i].count;
  }
  const auto channel = [&](int axis) { return static_cast<std::uint32_t>((sum[axis] + count / 2) / count); };
  return 0xFF000000u | channel(0) << 16 | channel(1) << 8 | channel(2);
}

GifPalette::Colours median_cut(std::vector<Bin>& bins) {
  GifPalette::Colours out{};
  std::vector<Box> boxes{box_of(bins, 0, bins.size())};
  while (boxes.size() < out.size()) {
    const auto best = std::max_element(boxes.begin(), boxes.end(), [](const Box& a, const Box& b) { return a.worth < b.worth; });
    if (best->worth <= 0.0 || best->end - best->begin < 2) break;
    const Box whole = *best;
    const auto first = bins.begin() + static_cast<std::ptrdiff_t>(whole.begin), last = bins.begin() + static_cast<std::ptrdiff_t>(whole.end);
    std::sort(first, last, [&](const Bin& a, const Bin& b) { return a.colour[whole.axis] < b.colour[whole.axis]; });
    std::int64_t total = 0, half = 0;
    for (auto bin = first; bin != last; ++bin) total += bin->count;
    std::size_t cut = whole.begin;
    while (cut + 1 < whole.end && (half += bins[cut].count) * 2 < total) ++cut;
    cut = std::clamp(cut + 1, whole.begin + 1, whole.end - 1);
    *best = box_of(bins, whole.begin, cut);
    boxes.push_back(box_of(bins, cut, whole.end));
  }
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = mean_of(bins, boxes[std::min(i, boxes.size() - 1)]);
  return out;
}

int channel(std::uint32_t colour, int shift) { return static_cast<int>(colour >> shift & 0xFF); }

std::int64_t squared(std::uint32_t colour, int r, int g, int b) {
  const std::int64_t dr = channel(colour, 16) - r, dg = channel(colour, 8) - g, db = channel(colour, 0) - b;
  return dr * dr + dg * dg + db * db;
}

// Bayer's 8 x 8 thresholds, 0 to 63.
int threshold(int x, int y) {
  int out = 0;
  for (int bit = 0; bit < 3; ++bit) {
    const int a = x >> bit & 1, b = y >> bit & 1;
    out |= ((a ^ b) << 1 | b) << (2 * (2 - bit));
  }
  return out;
}

}  // namespace

std::uint8_t GifPalette::nearest(int r, int g, int b) {
  std::int16_t& known = lookup_[static_cast<std::size_t>(bin_of(r, g, b))];
  if (known < 0) {
    const int cr = (r & ~7) | 4, cg = (g & ~7) | 4, cb = (b & ~7) | 4;
    std::int64_t best = std::numeric_limits<std::int64_t>::max();
    for (std::size_t i = 0; i < colours_.size(); ++i) {
      const std::int64_t distance = squared(colours_[i], cr, cg, cb);
      if (distance < best) {
        best = distance;
        known = static_cast<std::int16_t>(i);
      }
    }
  }
  return static_cast<std::uint8_t>(known);
}

void GifPalette::adapt(const std::uint8_t* rgb, int width_px, int height_px) {
  std::vector<Bin> bins = histogram(rgb, static_cast<std::int64_t>(width_px) * height_px);
  const auto error = [&] {
    std::int64_t sum = 0;
    for (const Bin& bin : bins) {
      const std::uint32_t colour = colours_[nearest(bin.colour[0], bin.colour[1], bin.colour[2])];
      sum += squared(colour, bin.colour[0], bin.colour[1], bin.colour[2]) * bin.count;
    }
    return static_cast<double>(sum);
  };
  const Colours before = colours_;
  auto lookup_before = lookup_;
  const double old_error = ready_ ? error() : 0.0;
  if (ready_) lookup_before = lookup_;
  colours_ = median_cut(bins);
  lookup_.assign(kBins, -1);
  if (ready_ && old_error <= kKeepIfWithin * error() + static_cast<double>(width_px) * height_px) {
    colours_ = before;
    lookup_ = std::move(lookup_before);
  }
  ready_ = true;
}

void GifPalette::draw(const std::uint8_t* rgb, int width_px, int height_px, std::uint8_t* indices, std::ptrdiff_t stride) {
  for (int y = 0; y < height_px; ++y) {
    std::uint8_t* row = indices + y * stride;
    for (int x = 0; x < width_px; ++x, rgb += 3) {
      const int shift = threshold(x & 7, y & 7) / 8 - 4;  // within one bin of the table
      const auto moved = [&](int value) { return std::clamp(value + shift, 0, 255); };
      row[x] = nearest(moved(rgb[0]), moved(rgb[1]), moved(rgb[2]));
    }
  }
}

}  // namespace orrery::media
