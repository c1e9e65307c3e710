using System.Runtime.Intrinsics;

namespace Mistral.Ilgpu.Kernels.Hardware.Vectors;

/// <summary>The quads of a run of sixteen rows.</summary>
internal readonly record struct EightQuads(
    Vector512<byte> A, Vector512<byte> B, Vector512<byte> C, Vector512<byte> D,
    Vector512<byte> E, Vector512<byte> F, Vector512<byte> G, Vector512<byte> H);
