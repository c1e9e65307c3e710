using System.Text.Json;
using Mistral.Ilgpu.Kernels.Tests;
using Xunit;

namespace Mistral.Ilgpu.Tests;

/// <summary>Reference data too large for the repository, or of other makers, kept beside it; without it, tests that need it are
/// skipped.</summary>
internal static class SharedData
{
    private static readonly string Root = Path.Combine(Repository.Root, "..", "shared");

    public static string PathOf(string file)
    {
        Needs.Expect(Needs.Shared);
        if (!Directory.Exists(Root)) Assert.Skip("no folder 'shared' beside the repository");
        var path = Path.Combine(Root, file);
        if (!File.Exists(path)) Assert.Skip($"no file '{file}' in the folder 'shared' beside the repository");
        return path;
    }

    public static JsonElement Json(string file)
    {
        using var stream = File.OpenRead(PathOf(file));
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }
}
