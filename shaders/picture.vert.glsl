#version 450 core
// A rectangle on the canvas, given in device pixels from the top left.
layout(location = 0) uniform vec4 u_rect;    // x, y, width, height
layout(location = 1) uniform vec2 u_canvas;  // size of the framebuffer

out vec2 v_uv;  // 0..1 over the rectangle, (0, 0) at the top left

void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  v_uv = corner;
  vec2 at = (u_rect.xy + corner * u_rect.zw) / u_canvas;
  gl_Position = vec4(at.x * 2.0 - 1.0, 1.0 - at.y * 2.0, 0.0, 1.0);
}
