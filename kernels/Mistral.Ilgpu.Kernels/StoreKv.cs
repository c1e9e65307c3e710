using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// Cache rotation: ring[position mod window] = fresh, for keys and for values, once the chunk's attention has read what
/// this evicts. Of a chunk longer than the window only the last window tokens are written, so no slot is written twice.
/// fresh: tokens × width; ring: window × width, with width = kvHeads × headDim. Work is shared by element.
/// </summary>
public readonly record struct StoreKv<TElement>(
    ArrayView<int> State,
    ArrayView<TElement> FreshKeys,
    ArrayView<TElement> FreshValues,
    ArrayView<TElement> Keys,
    ArrayView<TElement> Values,
    int Width,
    int Window) : IKernel
    where TElement : unmanaged
{
    public void Execute()
    {
        int tokens = State[StepState.TokenCount];
        int skipped = IntrinsicMath.Max(0, tokens - Window);
        long count = (long)(tokens - skipped) * Width;
        for (long i = WorkItems.First; i < count; i += WorkItems.Count)
        {
            int token = skipped + (int)(i / Width);
            int column = (int)(i % Width);
            long from = ((long)token * Width) + column;
            long slot = SlidingWindow.Slot(State[StepState.StartPosition] + token, Window);
            long to = (slot * Width) + column;
            Keys[to] = FreshKeys[from];
            Values[to] = FreshValues[from];
        }
    }
}
