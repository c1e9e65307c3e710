using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>A thread's outputs of 32 neighbouring elements, eight a field: the first two are of its upper row, the others of the
/// row 8 below, both from element <see cref="TensorLane.Column"/> on.</summary>
internal readonly record struct OutputRun(Floats4 A, Floats4 B, Floats4 C, Floats4 D);
