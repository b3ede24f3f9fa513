#include "engine/io/module_weights.h"
#include "engine/nn/noise_embedding.h"
#include "engine/nn/unet_block.h"
#include "engine/parity/arguments.h"
#include "engine/systems/edm/cases.h"

namespace orrery::edm {
namespace {

using Json = nlohmann::json;

std::map<std::string, at::Tensor> weights_of(const parity::Case& reference, const std::string& setting) {
  std::map<std::string, at::Tensor> own;
  const std::string prefix = setting + ".";
  for (const auto& [name, tensor] : reference.weights)
    if (name.rfind(prefix, 0) == 0) own.emplace(name.substr(prefix.size()), tensor);
  return own;
}

std::shared_ptr<nn::UNetBlock> block_from(const Json& json, const std::string& where) {
  parity::Arguments args(json, where);
  nn::UNetBlockOptions o;
  std::int64_t in = 0, out = 0, per_head = 64;
  bool attention = false;
  args.read("in_channels", in);
  args.read("out_channels", out);
  args.read("emb_channels", o.emb_channels);
  args.read("up", o.up);
  args.read("down", o.down);
  args.read("attention", attention);
  args.read("channels_per_head", per_head);
  o.heads = out / per_head;
  args.read("num_heads", o.heads);
  if (!attention) o.heads = 0;
  args.read("dropout", o.dropout);
  args.read("skip_scale", o.skip_scale);
  args.read("eps", o.eps);
  args.read("resample_filter", o.resample_filter);
  args.read("resample_proj", o.resample_proj);
  args.read("adaptive_scale", o.adaptive_scale);
  args.done();
  return std::make_shared<nn::UNetBlock>(in, out, o);
}

std::shared_ptr<nn::Conv2d> conv_from(const Json& json, const std::string& where) {
  parity::Arguments args(json, where);
  nn::ConvOptions o;
  std::int64_t in = 0, out = 0;
  args.read("in_channels", in);
  args.read("out_channels", out);
  args.read("kernel", o.kernel);
  args.read("bias", o.bias);
  args.read("up", o.up);
  args.read("down", o.down);
  args.read("resample_filter", o.resample_filter);
  args.read("fused_resample", o.fused);
  args.done();
  return std::make_shared<nn::Conv2d>(in, out, o);
}

}  // namespace

void run_block_case(parity::Case& reference) {
  const at::NoGradGuard no_grad;
  for (const auto& [setting, args] : reference.args().items()) {
    if (!reference.has("in.x." + setting)) continue;
    for (const auto type : {at::kFloat, at::kDouble}) {
      const std::string name = "out." + setting + (type == at::kDouble ? "_f64" : "");
      const at::Tensor x = input(reference, "in.x." + setting, type);
      if (args.contains("emb_channels")) {
        const auto block = block_from(args, setting);
        io::load_weights(*block, weights_of(reference, setting));
        block->to(type);
        reference.report(name, block->forward(x, input(reference, "in.emb", type)));
      } else {
        const auto conv = conv_from(args, setting);
        io::load_weights(*conv, weights_of(reference, setting));
        conv->to(type);
        reference.report(name, conv->forward(x));
      }
    }
  }
  if (!reference.has("in.t")) return;
  for (const bool endpoint : {false, true}) {
    const std::string name = std::string("out.emb_pos") + (endpoint ? "_endpoint" : "");
    if (reference.has(name)) reference.report(name, nn::positional_embedding(reference.in("in.t"), reference.in(name).size(1), endpoint));
  }
}

}  // namespace orrery::edm
