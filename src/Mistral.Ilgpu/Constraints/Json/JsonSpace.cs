namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>
/// White space between the parts of JSON, as writers of JSON make it: a space, or a new line and the next line's indent. More
/// would be JSON too, but a model that has begun with it may go on for ever.
/// </summary>
internal static class JsonSpace
{
    private const int None = 0;
    private const int Space = 1;
    private const int Line = 2;
    private const int MostIndent = 8;

    /// <summary>What white space there is behind one more byte of it.</summary>
    /// <param name="space">What there is, from 0 for none.</param>
    /// <param name="depth">How deep the place lies, which limits the indent.</param>
    /// <returns>−1 if the byte is no white space, or one too much.</returns>
    public static int Next(int space, byte value, int depth) => (value, space) switch
    {
        ((byte)'\n', None or Space) => Line,
        ((byte)' ' or (byte)'\t' or (byte)'\r', None) => Space,
        ((byte)' ' or (byte)'\t', >= Line) when space < Line + (MostIndent * depth) => space + 1,
        _ => -1,
    };
}
