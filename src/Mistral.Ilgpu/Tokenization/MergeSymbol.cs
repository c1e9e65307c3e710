using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>A run of a text that is one piece so far.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct MergeSymbol(int start, int length, int previous, int next, bool isFrozen = false)
{
    public readonly int Start = start;
    public int Length = length; // 0 once merged into its left neighbour
    public int Previous = previous;
    public int Next = next; // −1 behind the last
    public readonly bool IsFrozen = isFrozen;
}
