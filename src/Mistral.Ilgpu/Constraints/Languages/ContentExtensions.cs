using System.Text;

namespace Mistral.Ilgpu.Constraints.Languages;

/// <summary>Questions about whole characters.</summary>
internal static class ContentExtensions
{
    /// <summary>The state behind a character; −1 if no text has it there.</summary>
    public static int NextCharacter(this IContent content, int state, int codePoint)
    {
        Span<byte> bytes = stackalloc byte[4];
        int length = new Rune(codePoint).EncodeToUtf8(bytes);
        for (int i = 0; i < length && state >= 0; i++)
        {
            state = content.Next(state, bytes[i]);
        }

        return state;
    }

    /// <summary>Whether some text has a character of a range there. The range has no surrogates.</summary>
    public static bool HasAny(this IContent content, int state, int first, int last)
    {
        while (first <= last)
        {
            // Characters whose bytes but the last are the same.
            int end = first < 0x80 ? first : Math.Min(last, first | 0x3F);
            if (first >= 0x80 && LeadsNowhere(content, state, first, out int past))
            {
                first = past;
                continue;
            }

            for (int codePoint = first; codePoint <= end; codePoint++)
            {
                if (content.NextCharacter(state, codePoint) >= 0)
                {
                    return true;
                }
            }

            first = end + 1;
        }

        return false;
    }

    // Whether no character with the first byte of this one goes on, or with its first two; and the one behind all of those.
    private static bool LeadsNowhere(IContent content, int state, int codePoint, out int past)
    {
        Span<byte> bytes = stackalloc byte[4];
        int length = new Rune(codePoint).EncodeToUtf8(bytes);
        for (int i = 0; i < length - 1; i++)
        {
            state = content.Next(state, bytes[i]);
            if (state < 0)
            {
                int open = 6 * (length - 1 - i);
                past = ((codePoint >> open) + 1) << open;
                return true;
            }
        }

        past = codePoint;
        return false;
    }
}
