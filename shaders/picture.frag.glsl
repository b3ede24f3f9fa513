// A picture: nearest texels above 1:1 (or a smooth cubic, if asked), averaged below; checkerboard behind alpha; a grid between pixels.
// Compiled with #version and some of SMOOTH, OPAQUE, GRID, DIFFERENCE in front: a branch per pixel would cost software rasterisers dearly,
// and the plainest form (OPAQUE alone) is the one they have a fast path for.
layout(binding = 0) uniform sampler2D u_picture;
layout(binding = 1) uniform sampler2D u_other;      // DIFFERENCE
layout(location = 2) uniform vec2 u_size;           // of the picture, in its pixels
layout(location = 3) uniform float u_scale;         // device pixels per picture pixel
layout(location = 4) uniform vec4 u_checker_a;
layout(location = 5) uniform vec4 u_checker_b;
layout(location = 6) uniform float u_checker_px;
layout(location = 7) uniform float u_gain;          // DIFFERENCE

in vec2 v_uv;
layout(location = 0) out vec4 o_color;

vec4 sampled(sampler2D picture, vec2 uv) {
#if defined(SMOOTH)
  // Catmull-Rom by nine bilinear reads (the middle pairs share one).
  vec2 at = uv * u_size;
  vec2 centre = floor(at - 0.5) + 0.5;
  vec2 f = at - centre;
  vec2 w0 = f * (-0.5 + f * (1.0 - 0.5 * f));
  vec2 w1 = 1.0 + f * f * (-2.5 + 1.5 * f);
  vec2 w2 = f * (0.5 + f * (2.0 - 1.5 * f));
  vec2 w3 = f * f * (-0.5 + 0.5 * f);
  vec2 w12 = w1 + w2;
  vec2 t0 = (centre - 1.0) / u_size, t12 = (centre + w2 / w12) / u_size, t3 = (centre + 2.0) / u_size;
  vec4 sum = texture(picture, vec2(t12.x, t12.y)) * w12.x * w12.y;
  sum += texture(picture, vec2(t12.x, t0.y)) * w12.x * w0.y + texture(picture, vec2(t12.x, t3.y)) * w12.x * w3.y;
  sum += texture(picture, vec2(t0.x, t12.y)) * w0.x * w12.y + texture(picture, vec2(t3.x, t12.y)) * w3.x * w12.y;
  float weight = w12.x * w12.y + w12.x * (w0.y + w3.y) + (w0.x + w3.x) * w12.y;
  return clamp(sum / weight, 0.0, 1.0);
#else
  return texture(picture, uv);  // nearest, bilinear or by mipmaps: as the texture is set
#endif
}

void main() {
  vec4 color = sampled(u_picture, v_uv);
#ifdef DIFFERENCE
  vec4 other = sampled(u_other, v_uv);
  color = vec4(clamp(abs(color.rgb - other.rgb) * u_gain, 0.0, 1.0), 1.0);
#elif !defined(OPAQUE)
  vec2 cell = floor(gl_FragCoord.xy / u_checker_px);
  vec4 checker = mod(cell.x + cell.y, 2.0) < 0.5 ? u_checker_a : u_checker_b;
  color = vec4(mix(checker.rgb, color.rgb, color.a), 1.0);
#endif
#ifdef GRID
  vec2 inside = fract(v_uv * u_size) * u_scale;
  float line = min(inside.x, inside.y) < 1.0 ? 1.0 : 0.0;
  float luma = dot(color.rgb, vec3(0.299, 0.587, 0.114));
  color.rgb = mix(color.rgb, vec3(luma > 0.5 ? 0.0 : 1.0), line * 0.18);
#endif
  o_color = color;
}
