#include "engine/train/sheet.h"

#include <algorithm>

#include "engine/api/result.h"
#include "engine/io/png.h"

namespace orrery {
namespace {

Request probe_request(const std::vector<ControlSpec>& controls, int number) {
  Request request;
  const auto first = [&controls](ControlKind kind) {
    return std::find_if(controls.begin(), controls.end(), [kind](const ControlSpec& c) { return c.kind == kind && c.unavailable.empty(); });
  };
  if (const auto seed = first(ControlKind::seed); seed != controls.end()) request.values[seed->id] = static_cast<std::int64_t>(number);
  // Where there is no seed, the pad's integer points are the seeds.
  else if (const auto pad = first(ControlKind::latent_pad); pad != controls.end()) request.values[pad->id] = std::vector<double>{static_cast<double>(number), 0.0};
  if (const auto blend = first(ControlKind::class_blend); blend != controls.end() && !blend->choices.empty()) {
    std::vector<double> weights(blend->choices.size(), 0.0);
    weights[static_cast<std::size_t>(number) % weights.size()] = 1.0;
    request.values[blend->id] = weights;
  }
  return request;
}

}  // namespace

at::Tensor probe_pictures(Player& player, int count) {
  constexpr int at_once = 4;  // bounds the memory of large networks
  RenderObserver observer;
  const auto controls = player.controls();
  std::vector<at::Tensor> parts;
  for (int begin = 0; begin < count; begin += at_once) {
    std::vector<Request> requests;
    for (int i = begin; i < std::min(count, begin + at_once); ++i) requests.push_back(probe_request(controls, i));
    const at::Tensor pictures = player.render(requests, observer);
    parts.push_back(pictures.detach().cpu().to(at::kFloat).mul(127.5).add(128.0).clamp(0.0, 255.0).to(at::kByte));
  }
  return at::cat(parts);
}

void write_sheet(const at::Tensor& pictures, int columns, const std::string& path, const std::map<std::string, std::string>& text) {
  const std::int64_t count = pictures.size(0), channels = pictures.size(1), height = pictures.size(2), width = pictures.size(3);
  if (count == 0 || columns < 1 || (channels != 1 && channels != 3 && channels != 4)) {
    throw Error(ErrorCode::failed, "A contact sheet cannot be made of these pictures.");
  }
  const std::int64_t rows = (count + columns - 1) / columns;
  const at::Tensor sheet = at::zeros({rows * height, columns * width, channels}, at::kByte);
  for (std::int64_t i = 0; i < count; ++i) {
    sheet.narrow(0, i / columns * height, height).narrow(1, i % columns * width, width).copy_(pictures[i].permute({1, 2, 0}));
  }
  io::write_png(path, {sheet.data_ptr<std::uint8_t>(), static_cast<int>(columns * width), static_cast<int>(rows * height), static_cast<int>(channels), 0}, text);
}

}  // namespace orrery
