namespace Mistral.Ilgpu.Tokenization;

/// <summary>
/// GPT-2's spelling of bytes as characters: printable Latin-1 as itself, the other bytes from U+0100 on, in order.
/// </summary>
internal static class Gpt2Bytes
{
    private static readonly char[] Characters = Spell();
    private static readonly Dictionary<char, byte> Bytes = Characters.Select((character, value) => (character, value))
        .ToDictionary(pair => pair.character, pair => (byte)pair.value);

    /// <summary>The bytes that a text spells; null if a character spells none.</summary>
    public static byte[]? Read(string text)
    {
        var bytes = new byte[text.Length];
        for (int i = 0; i < text.Length; i++)
        {
            if (!Bytes.TryGetValue(text[i], out bytes[i]))
            {
                return null;
            }
        }

        return bytes;
    }

    public static string Write(ReadOnlySpan<byte> bytes) =>
        string.Create(bytes.Length, bytes, static (text, source) =>
        {
            for (int i = 0; i < text.Length; i++)
            {
                text[i] = Characters[source[i]];
            }
        });

    private static char[] Spell()
    {
        var characters = new char[256];
        char next = '\u0100';
        for (int value = 0; value < 256; value++)
        {
            bool isPrintable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            characters[value] = isPrintable ? (char)value : next++;
        }

        return characters;
    }
}
