using System.Text.Json;
using Xunit;

namespace Mistral.Ilgpu.Tests;

/// <summary>Reference data too large for the repository and kept beside it; without it, tests that need it are skipped.</summary>
internal static class SharedData
{
    private static readonly string? Root = Find();

    public static string PathOf(string file)
    {
        if (Root is null) Assert.Skip("no folder 'shared' beside the repository");
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

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "Mistral.Ilgpu.sln"))) continue;
            var shared = Path.Combine(folder.Parent?.FullName ?? "", "shared");
            return Directory.Exists(shared) ? shared : null;
        }

        return null;
    }
}
