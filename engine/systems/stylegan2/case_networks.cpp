#include "engine/systems/stylegan2/case_networks.h"

#include "engine/api/result.h"
#include "engine/io/module_weights.h"
#include "engine/parity/arguments.h"

namespace orrery::stylegan2 {
namespace {

using Json = nlohmann::json;

using parity::Arguments;

template <class Options>
void read_activation(Arguments& args, Options& options) {
  std::string name = "lrelu";
  args.read("activation", name);
  options.activation = kernels::activation_from_name(name);
}

void refuse_half(Arguments& args) {
  std::int64_t half = 0;
  args.read("num_fp16_res", half);
  if (half != 0) throw Error(ErrorCode::bad_input, "num_fp16_res is " + std::to_string(half) + ": half precision is not computed here.");
}

void read_mapping(const Json& json, nn::MappingOptions& options) {
  Arguments args(json, "mapping_kwargs");
  args.read("num_layers", options.num_layers);
  args.read("embed_features", options.embed_features);
  args.read("layer_features", options.layer_features);
  args.read("lr_multiplier", options.lr_multiplier);
  args.read("w_avg_beta", options.w_avg_beta);
  read_activation(args, options);
  args.done();
}

}  // namespace

std::shared_ptr<nn::StyleGan2Generator> generator_from_args(const Json& json) {
  nn::MappingOptions mapping;
  nn::SynthesisOptions synthesis;
  Arguments args(json, "args");
  args.read("z_dim", mapping.z_dim);
  args.read("c_dim", mapping.c_dim);
  args.read("w_dim", synthesis.w_dim);
  args.read("img_resolution", synthesis.resolution_px);
  args.read("img_channels", synthesis.channels);
  read_mapping(args.object("mapping_kwargs"), mapping);
  const Json synthesis_json = args.object("synthesis_kwargs");
  args.done();

  Arguments more(synthesis_json, "synthesis_kwargs");
  more.read("channel_base", synthesis.channel_base);
  more.read("channel_max", synthesis.channel_max);
  more.read("resample_filter", synthesis.resample_filter);
  more.read("conv_clamp", synthesis.conv_clamp);
  more.read("use_noise", synthesis.use_noise);
  std::string architecture = "skip";
  more.read("architecture", architecture);
  synthesis.architecture = nn::architecture_from_name(architecture);
  read_activation(more, synthesis);
  refuse_half(more);
  more.done();
  return std::make_shared<nn::StyleGan2Generator>(mapping, synthesis);
}

std::shared_ptr<nn::StyleGan2Discriminator> discriminator_from_args(const Json& json) {
  nn::DiscriminatorOptions options;
  Arguments args(json, "args");
  args.read("c_dim", options.c_dim);
  args.read("img_resolution", options.resolution_px);
  args.read("img_channels", options.channels);
  std::string architecture = "resnet";
  args.read("architecture", architecture);
  options.architecture = nn::architecture_from_name(architecture);
  args.read("channel_base", options.channel_base);
  args.read("channel_max", options.channel_max);
  args.read("conv_clamp", options.conv_clamp);
  args.read("cmap_dim", options.cmap_dim);
  refuse_half(args);
  read_mapping(args.object("mapping_kwargs"), options.mapping);
  const Json block_json = args.object("block_kwargs"), epilogue_json = args.object("epilogue_kwargs");
  args.done();

  Arguments block(block_json, "block_kwargs");
  block.read("resample_filter", options.resample_filter);
  read_activation(block, options);
  block.done();

  Arguments epilogue(epilogue_json, "epilogue_kwargs");
  epilogue.read("mbstd_group_size", options.mbstd_group);
  if (epilogue.is_null("mbstd_group_size")) options.mbstd_group = 0;
  epilogue.read("mbstd_num_channels", options.mbstd_channels);
  epilogue.done();
  return std::make_shared<nn::StyleGan2Discriminator>(options);
}

std::map<std::string, at::Tensor> with_prefix(const std::map<std::string, at::Tensor>& tensors, const std::string& prefix) {
  std::map<std::string, at::Tensor> found;
  for (auto it = tensors.lower_bound(prefix); it != tensors.end() && it->first.rfind(prefix, 0) == 0; ++it)
    found.emplace(it->first.substr(prefix.size()), it->second);
  return found;
}

void load(torch::nn::Module& module, const std::map<std::string, at::Tensor>& weights) {
  io::load_weights(module, weights);
  if (!weights.empty()) module.to(weights.begin()->second.device());
}

void to_double(torch::nn::Module& module) { module.to(at::kDouble); }

}  // namespace orrery::stylegan2
