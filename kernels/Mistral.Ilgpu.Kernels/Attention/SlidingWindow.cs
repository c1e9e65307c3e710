using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// Sliding-window attention (Mistral 7B, arXiv 2310.06825, §2): with window W the query at position p sees the W keys
/// p−W+1 … p, its own included.
/// </summary>
/// <example>W = 4: the query at 5 sees 2, 3, 4, 5.</example>
public static class SlidingWindow
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int FirstVisible(int position, int window) => IntrinsicMath.Max(0, position - window + 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Sees(int position, int key, int window) => key <= position && key > position - window;
}
