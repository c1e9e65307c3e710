using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Loading;

/// <summary>Several models of an application's options.</summary>
public sealed class ModelOptionsTests
{
    [Fact]
    public async Task Models_OfTheOptions_AreServed()
    {
        await using var app = await StartAsync(options =>
            options.Models = [Tiny(), Tiny(), new ServedModelOptions { Name = "mine", Model = "tiny", Device = "cpu" }]);

        foreach (string name in (string[])["tiny", "tiny-2", "mine"])
        {
            var answer = await app.AskAsync("/v1/completions", ModelShelf.Completion(name));
            Assert.Equal(name, answer.GetProperty("model").GetString());
        }

        var refusal = Assert.Throws<InvalidOperationException>(app.Services.GetRequiredService<LanguageModel>);
        Assert.StartsWith("MistralServer:Models: found models", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_WithAWrongValue_EndTheStartWithItsKey()
    {
        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(options =>
            options.Models = [Tiny(), new ServedModelOptions { Device = "gpu", Name = "" }]));

        Assert.Equal(
            [
                "MistralServer:Models:1:Name: found '', expected a name",
                "MistralServer:Models:1:Device: found 'gpu', expected auto, cpu, opencl[:N] or cuda[:N]",
            ],
            refusal.Failures);
    }

    [Fact]
    public async Task Models_OneOfThemMissing_EndTheStart() => await Assert.ThrowsAsync<ModelFileException>(() => StartAsync(
        options => options.Models = [Tiny(), new ServedModelOptions { Model = "no/such/model" }]));

    [Fact]
    public async Task IdleUnload_OfTheApplicationsOwnModel_IsRefused()
    {
        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(
            () => StartAsync(options => options.IdleUnload = TimeSpan.FromMinutes(1)));

        Assert.StartsWith(
            "MistralServer:IdleUnload: found '00:01:00', expected nothing", refusal.Message, StringComparison.Ordinal);
    }

    private static Task<ServedApp> StartAsync(Action<MistralServerOptions> configure) =>
        ServedApp.StartAsync(_ => { }, configure);

    private static ServedModelOptions Tiny() => new() { Device = "cpu", MaxTexts = 1 };
}
