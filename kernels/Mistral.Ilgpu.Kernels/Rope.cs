using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// Turns queries and keys to their absolute positions (see <see cref="Rotary"/>; Mistral's pairing: elements 2i and 2i+1 of a
/// head), queries in place, and rounds keys and values to the cache's format: a decoded token's straight into its ring, for it
/// evicts only the key that just left its window; a prompt's into the fresh tiles, for its last tokens would evict what its
/// first ones need. A key reads the same wherever it lies. Work is shared by run.
/// </summary>
public readonly record struct Rope<TCache, TElement>(AttentionInput<TElement> Input, ArrayView<ulong> Frequencies, RowRange Rows) : IKernel
    where TCache : struct, ICacheFormat<TElement>
    where TElement : unmanaged
{
    public void Execute()
    {
        int runs = RotatedRun<TCache, TElement>.Count(Input);
        int first = Rows.First(Input.State);
        long count = (long)(Rows.End(Input.State) - first) * runs;
        for (long i = WorkItems.First; i < count; i += WorkItems.Count)
        {
            RotatedRun<TCache, TElement>.Do(Input, Frequencies, first + (int)(i / runs), (int)(i % runs));
        }
    }
}
