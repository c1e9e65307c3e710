using System.Numerics;

namespace Mistral.Ilgpu.Checkpoints;

/// <summary>Elements of one type in an entry of their own.</summary>
internal sealed record TorchStorage(string Type, string Key);

/// <summary>A view of a storage, its offset and strides in elements.</summary>
internal sealed record TorchTensor(TorchStorage Storage, BigInteger Offset, long[] Shape, long[] Strides);
