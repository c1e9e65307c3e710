using System.Globalization;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>Writes messages for people to standard error.</summary>
internal sealed class Narrator(Terminal terminal, bool isQuiet, bool isVerbose)
{
    /// <summary>Whether progress may be drawn.</summary>
    public bool ShowsProgress => !isQuiet && terminal.IsErrorInteractive;

    public Terminal Terminal => terminal;

    public void Say(FormattableString text)
    {
        if (!isQuiet)
        {
            terminal.Error.WriteLine(text.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Writes a part of a line as it is.</summary>
    public void Show(string part)
    {
        if (!isQuiet && part.Length > 0)
        {
            terminal.Error.Write(part);
        }
    }

    public void Detail(FormattableString text)
    {
        if (isVerbose)
        {
            Say(text);
        }
    }

    /// <summary>Ends a run over many texts and reports how many failed. Their results contain the reasons.</summary>
    /// <returns>The exit code.</returns>
    public int ManyDone(int failed, int count)
    {
        if (failed == 0)
        {
            return ExitCode.Done;
        }

        terminal.Error.WriteLine(
            FormattableString.Invariant($"mistral: {failed} of {count} texts failed; their results say why in \"error\""));
        return ExitCode.File;
    }

    /// <summary>The last line of a generation.</summary>
    public static string Summary(TextGeneration text)
    {
        var t = text.Timings;
        string why = text.FinishReason switch
        {
            FinishReason.Stop => "the text ended",
            FinishReason.Length => "as long as allowed",
            _ => "interrupted",
        };
        return string.Create(
            CultureInfo.InvariantCulture,
            $"prefill {t.PrefillTokens} tokens in {Seconds(t.PrefillTime)} "
            + $"({Rate(t.PrefillTokens, t.PrefillTime)}) · decode {t.DecodeTokens} tokens in {Seconds(t.DecodeTime)} "
            + $"({Rate(t.DecodeTokens, t.DecodeTime)}) · {why}");
    }

    public static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.00 s", CultureInfo.InvariantCulture);

    private static string Rate(int tokens, TimeSpan time) =>
        time > TimeSpan.Zero ? (tokens / time.TotalSeconds).ToString("0.0 tokens/s", CultureInfo.InvariantCulture) : "no time";
}
