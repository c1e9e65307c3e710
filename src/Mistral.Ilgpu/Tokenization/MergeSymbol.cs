using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>A run of a text that is one piece at present.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct MergeSymbol(int start, int length, int previous, int next, bool isFrozen = false)
{
    public readonly int Start = start;
    public int Length = length; // 0 after it was merged into its left neighbour
    public int Previous = previous;
    public int Next = next; // −1 for the last one
    public readonly bool IsFrozen = isFrozen;
}
