using System.Numerics;

namespace Mistral.Ilgpu.Checkpoints.Native;

/// <summary>A view of a storage; offset and strides count elements.</summary>
internal sealed record TorchTensor(TorchStorage Storage, BigInteger Offset, long[] Shape, long[] Strides);
