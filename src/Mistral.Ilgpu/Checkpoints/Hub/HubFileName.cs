namespace Mistral.Ilgpu.Checkpoints.Hub;

/// <summary>Names that a hub gives to files and revisions, which become paths in the cache.</summary>
internal static class HubFileName
{
    // Windows drops dots and spaces at the end of a name, so that "... " would be "..".
    private static readonly char[] Dropped = ['.', ' '];

    /// <summary>
    /// Whether a name is a path of plain names separated by <c>/</c>, which stays inside of the folder that it is put into, on
    /// every system.
    /// </summary>
    public static bool IsSafe(string name) => name.Split('/').All(part =>
        part.Length > 0 && !Dropped.Contains(part[^1]) && !part.Any(IsOdd)
        && part.IndexOfAny(Path.GetInvalidFileNameChars()) < 0);

    private static bool IsOdd(char character) =>
        character is '\\' or ':' || char.IsControl(character) || char.IsSurrogate(character);
}
