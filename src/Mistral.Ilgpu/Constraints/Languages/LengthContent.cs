namespace Mistral.Ilgpu.Constraints.Languages;

/// <summary>
/// Texts of so many characters. A state is the number of characters and the state between the bytes of one, so that a length of
/// thousands costs nothing.
/// </summary>
/// <param name="min">The fewest characters.</param>
/// <param name="max">The most characters; <see cref="int.MaxValue"/> for no limit.</param>
internal sealed class LengthContent(int min, int max, TextAutomaton anyText) : IContent
{
    // States of the automaton of all texts: fewer than this.
    private const int Width = 16;

    public int Min => min;

    public int Max => max;

    public int Start => anyText.Start;

    /// <summary>The characters so far, one that is begun included.</summary>
    public static int CountOf(int state) => state / Width;

    /// <summary>Whether no byte of a character is missing.</summary>
    public bool IsBetween(int state) => anyText.IsUniversal(state % Width);

    public int Next(int state, byte value)
    {
        var (count, within) = (state / Width, state % Width);
        int next = anyText.Next(within, value);
        // Past the fewest, all counts without a limit are one.
        count += anyText.IsUniversal(within) && (max != int.MaxValue || count < min) ? 1 : 0;
        return next < 0 || count > max ? -1 : (count * Width) + next;
    }

    public bool IsAccepting(int state) => IsBetween(state) && CountOf(state) >= min;

    public bool IsUniversal(int state) => IsBetween(state) && max == int.MaxValue && CountOf(state) >= min;
}
