using System.Diagnostics;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Server.Tests.Http;
using Mistral.Ilgpu.Tests;
using Mistral.Ilgpu.Tests.Chat;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Clients;

/// <summary>The official clients for JavaScript, of OpenAI, of Anthropic and Vercel's, against the command as a process.</summary>
[Trait(Needs.Trait, Needs.Time)]
public sealed class NpmClientTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Clients_OfNpm_DriveTheServer()
    {
        using var folder = new TemporaryFolder();
        foreach (string file in (string[])["package.json", "package-lock.json", "clients.mjs"])
        {
            File.Copy(Path.Combine(AppContext.BaseDirectory, "Clients", file), folder.File(file));
        }

        var (installed, log) = await RunAsync(folder.Path, "npm", "ci", "--no-audit", "--no-fund");
        Assert.SkipUnless(installed == 0, $"npm cannot install the clients: {log}");
        string model = Directory.CreateDirectory(folder.File("model")).FullName;
        WriteModel(model);
        await using var answering = await ServeProcess.StartAsync();
        await using var calling = await ServeProcess.StartAsync("--model", model);

        var (code, output) = await RunAsync(
            folder.Path, "node", "clients.mjs", answering.Address.TrimEnd('/'), calling.Address.TrimEnd('/'));

        Assert.True(code == 0, output);
    }

    // Random weights, whose chat format has lists of calls and no reasoning.
    private static void WriteModel(string folder)
    {
        var tokenizer = ChatTokenizers.TekkenJson("v7");
        var checkpoint = new RandomCheckpoint(7);
        checkpoint.Config["vocab_size"] = ChatTokenizers.Load(tokenizer).VocabularySize;
        checkpoint.Write(folder);
        File.WriteAllText(Path.Combine(folder, "tekken.json"), tokenizer.ToJsonString());
    }

    private static async Task<(int Code, string Output)> RunAsync(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            Assert.Skip($"no {program} here: {exception.Message}");
            throw;
        }

        using (process)
        {
            var error = process.StandardError.ReadToEndAsync(Cancellation);
            string output = await process.StandardOutput.ReadToEndAsync(Cancellation);
            await process.WaitForExitAsync(Cancellation);
            return (process.ExitCode, output + await error);
        }
    }
}
