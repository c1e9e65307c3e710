using Mistral.Ilgpu.Kernels.Tests;
using Xunit;

namespace Mistral.Ilgpu.Tests.Packages;

/// <summary>What a user of the packages does first. Nothing is downloaded: what they depend on was restored with the repository.</summary>
[Trait(Needs.Trait, Needs.Time), Collection(nameof(PackageTestCollection))]
public sealed class PackageUseTests(PackageFeed feed)
{
    private const string Project = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <NuGetAudit>false</NuGetAudit>
            <UseSharedCompilation>false</UseSharedCompilation>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="Mistral.Ilgpu" Version="*" />
          </ItemGroup>
        </Project>
        """;

    private const string Program = """
        using System;
        using Mistral.Ilgpu;
        await using var model = await LanguageModel.LoadAsync("tiny", new LanguageModelOptions { Device = "cpu" });
        await foreach (var piece in model.ChatAsync([new("user", "What is 7 + 5?")])) Console.Write(piece.Text);
        """;

    [Fact(Explicit = true)]
    public async Task Library_NewProjectReferencesIt_Runs()
    {
        using var folder = new TemporaryFolder();
        string restored = await DotnetCommand.Run(folder.Path, "nuget", "locals", "global-packages", "--list");
        // A folder of packages of its own: there our version can have been installed from nowhere but the feed.
        File.WriteAllText(folder.File("nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="packages" /></config>
              <packageSources><clear /><add key="feed" value="{feed.Path}" /></packageSources>
              <fallbackPackageFolders><clear /><add key="restored" value="{restored.Split(": ", 2)[1].Trim()}" /></fallbackPackageFolders>
            </configuration>
            """);
        File.WriteAllText(folder.File("app.csproj"), Project);
        File.WriteAllText(folder.File("Program.cs"), Program);

        string output = await DotnetCommand.Run(folder.Path, "run");

        Assert.Equal("7 + 5 = 12.", output.Trim());
        Assert.True(Directory.Exists(folder.File("packages/mistral.ilgpu")));
        Assert.True(Directory.Exists(folder.File("packages/mistral.ilgpu.kernels")));
    }

    [Fact(Explicit = true)]
    public async Task Tool_Installed_GeneratesText()
    {
        using var folder = new TemporaryFolder();
        await DotnetCommand.Run(
            folder.Path, "tool", "install", "Mistral.Ilgpu.Tool", "--tool-path", folder.Path, "--source", feed.Path);

        string output = await DotnetCommand.RunProgram(
            folder.File("mistral"), folder.Path, "generate", "Once upon", "--device", "cpu", "--max-tokens", "3", "--quiet");

        Assert.Contains(" a time", output, StringComparison.Ordinal);
    }
}
