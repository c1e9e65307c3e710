using Mistral.Ilgpu.Checkpoints;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>The built-in model, opened once; without it, tests that need it are skipped.</summary>
internal static class TinyModel
{
    private static readonly Lazy<(Checkpoint? Checkpoint, string Reason)> Opened = new(() =>
    {
        try
        {
            return (Checkpoint.Open(Checkpoint.Tiny), "");
        }
        catch (ModelFileException exception)
        {
            return (null, exception.Message);
        }
    });

    public static Checkpoint Required
    {
        get
        {
            Assert.SkipWhen(Opened.Value.Checkpoint is null, $"no built-in model: {Opened.Value.Reason}");
            return Opened.Value.Checkpoint!;
        }
    }
}
