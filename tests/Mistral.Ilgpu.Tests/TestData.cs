using System.Text.Json;

namespace Mistral.Ilgpu.Tests;

/// <summary>Reference data of the repository, in <c>tests/data</c>; its README tells how each file was made.</summary>
internal static class TestData
{
    public static string PathOf(string file) => Path.Combine(Repository.Root, "tests", "data", file);

    public static JsonElement Json(string file) => JsonElement.Parse(File.ReadAllBytes(PathOf(file)));
}
