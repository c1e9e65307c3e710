namespace Mistral.Ilgpu.Tests;

internal static class Repository
{
    /// <summary>The folder that holds the solution.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Mistral.Ilgpu.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("the tests do not run from within the repository");
        }

        return folder.FullName;
    }
}
