using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Kernels.Tests;

internal static partial class RaggedPasses
{
    public enum Form
    {
        Lanes,
        Quads,
        Vectors,
        Group,
        Tensor,
        TensorQuants,
        Warpgroup,
        Wave,
        DecodeWave,
        Matrix,
    }

    public sealed record Shape(int Window, int KvHeads, int Group, int HeadDim, int PageLength, int Length)
    {
        public int Heads => KvHeads * Group;

        public int Columns => (Heads + (2 * KvHeads)) * HeadDim;
    }

    private sealed class Text(Sequence sequence, int kvHeads)
    {
        public Sequence Sequence => sequence;

        public List<double[]>[] Keys { get; } = [.. Enumerable.Range(0, kvHeads).Select(_ => new List<double[]>())];

        public List<double[]>[] Values { get; } = [.. Enumerable.Range(0, kvHeads).Select(_ => new List<double[]>())];
    }
}
