namespace Mistral.Ilgpu.Generation;

/// <summary>
/// Ends a text before the first stop string that is complete in it, wherever the borders of the parts it arrives in lie:
/// text that may be the beginning of a stop string is held back until that is decided. Of stop strings complete at the
/// same character the longest counts.
/// </summary>
internal sealed class StopMatcher(IReadOnlyList<string> stops)
{
    private string _held = "";

    /// <summary>The stop string that is complete; null while none is.</summary>
    public string? Found { get; private set; }

    /// <summary>Whether a stop string is complete; nothing more is text then.</summary>
    public bool IsStopped => Found is not null;

    /// <summary>The text that is certain now that <paramref name="text"/> follows.</summary>
    public string Append(string text)
    {
        if (IsStopped)
        {
            return "";
        }

        if (stops.Count == 0)
        {
            return text;
        }

        text = _held + text;
        int end = int.MaxValue;
        int start = int.MaxValue;
        foreach (string stop in stops)
        {
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (at + stop.Length < end || (at + stop.Length == end && at < start)))
            {
                (start, end, Found) = (at, at + stop.Length, stop);
            }
        }

        int certain = IsStopped ? start : text.Length - HeldLength(text);
        _held = IsStopped ? "" : text[certain..];
        return text[..certain];
    }

    /// <summary>Ends the text: what was held back is text after all.</summary>
    public string Flush()
    {
        string held = _held;
        _held = "";
        return held;
    }

    // The longest end of the text that is a beginning of a stop string.
    private int HeldLength(string text)
    {
        int longest = 0;
        foreach (string stop in stops)
        {
            for (int length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                {
                    longest = length;
                }
            }
        }

        return longest;
    }
}
