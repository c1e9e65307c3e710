using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tests;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Models;

/// <summary>Adapters by the name of the model.</summary>
public sealed class AdapterTests
{
    private const int Dim = 256;
    private const string Prompt = "Once upon a time";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Complete_AdaptersName_AppliesItToThatTextAlone()
    {
        using var folder = new TemporaryFolder();
        string path = Directory.CreateDirectory(folder.File("mine")).FullName;
        WriteAdapter(path);
        await using var model = await LanguageModel.LoadAsync(
            "tiny", new LanguageModelOptions { Device = "cpu", Adapters = [new LoraOptions(path)] }, cancellation: Cancellation);
        await using var app = await ServedApp.StartAsync(model);

        var texts = await Task.WhenAll(TextAsync(app, "tiny"), TextAsync(app, "mine"), TextAsync(app, "tiny"));

        Assert.Equal([await AloneAsync(model), await AloneAsync(model, path), await AloneAsync(model)], texts);
        Assert.NotEqual(texts[0], texts[1]);
        var models = await app.Http.GetFromJsonAsync<JsonElement>("/v1/models", Cancellation);
        Assert.Equal(
            [("tiny", null), ("mine", "tiny")],
            models.GetProperty("data").EnumerateArray().Select(entry => (
                entry.GetProperty("id").GetString(),
                entry.TryGetProperty("parent", out var parent) ? parent.GetString() : null)));
    }

    private static async Task<string?> TextAsync(ServedApp app, string name) => (await app.AskAsync(
        "/v1/completions", $$"""{"model":"{{name}}","prompt":"{{Prompt}}","max_tokens":12,"temperature":0}"""))
        .GetProperty("choices")[0].GetProperty("text").GetString();

    private static async Task<string?> AloneAsync(LanguageModel model, params string[] adapters)
    {
        var text = model.Engine.Submit(
            new TextRequest(PromptEncoding.Encode(model.Tokenizer, Prompt))
            {
                Options = new GenerationOptions { MaxTokens = 12 }, Adapters = adapters,
            },
            Cancellation);
        await text.Completion;
        return text.Text;
    }

    // Of rank 1, on the output of the first layer's attention, in Hugging Face's layout.
    private static void WriteAdapter(string folder)
    {
        File.WriteAllText(
            Path.Combine(folder, "adapter_config.json"),
            """{"peft_type":"LORA","r":1,"lora_alpha":8,"target_modules":["o_proj"],"bias":"none"}""");
        const string Name = "base_model.model.model.layers.0.self_attn.o_proj.lora_";
        const int Bytes = Dim * sizeof(float);
        byte[] header = Encoding.UTF8.GetBytes(
            $"{{\"{Name}A.weight\":{{\"dtype\":\"F32\",\"shape\":[1,{Dim}],\"data_offsets\":[0,{Bytes}]}},"
            + $"\"{Name}B.weight\":{{\"dtype\":\"F32\",\"shape\":[{Dim},1],\"data_offsets\":[{Bytes},{2 * Bytes}]}}}}");
        float[] numbers = [.. Enumerable.Range(0, 2 * Dim).Select(i => (float)Math.Sin(i))];
        File.WriteAllBytes(
            Path.Combine(folder, "adapter_model.safetensors"),
            [.. BitConverter.GetBytes((long)header.Length), .. header, .. MemoryMarshal.AsBytes(numbers.AsSpan())]);
    }
}
