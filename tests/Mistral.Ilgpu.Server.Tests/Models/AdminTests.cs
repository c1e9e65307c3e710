using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Mistral.Ilgpu.Server.Tests.Loading;
using Mistral.Ilgpu.Tests;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Models;

/// <summary>Adapters that are loaded and unloaded through HTTP.</summary>
public sealed class AdminTests : IAsyncLifetime
{
    private const string Load = "/v1/load_lora_adapter";
    private const string Unload = "/v1/unload_lora_adapter";
    private const string Completions = "/v1/completions";

    private readonly TemporaryFolder _folder = new();
    private LanguageModel _model = null!;
    private string _path = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _model = await LanguageModel.LoadAsync("tiny", new LanguageModelOptions { Device = "cpu", MaxTexts = 3 });
        _path = TinyAdapter.Write(_folder.File("files"), seed: 1);
    }

    public async ValueTask DisposeAsync()
    {
        await _model.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Load_ThenUnload_IsServedMeanwhile()
    {
        await using var app = await StartAsync();
        string alone = await TextAsync(app, "tiny");
        Assert.Equal(
            "Success: LoRA adapter 'mine' added successfully.",
            await SendAsync(app, Load, $$"""{"lora_name":"mine","lora_path":{{Json(_path)}},"scale":2,"model":"tiny"}"""));

        Assert.Equal(["tiny", "mine"], await ModelsAsync(app));
        using (var streamed = await app.PostAsync(
            Completions, """{"model":"mine","prompt":"Once","max_tokens":1500,"ignore_eos":true,"stream":true}""", Admin))
        {
            using var reader = new StreamReader(await streamed.Content.ReadAsStreamAsync(Cancellation));
            Assert.StartsWith("data: {", await reader.ReadLineAsync(Cancellation));
            Assert.Matches("""vllm:lora_requests_info{.*running_lora_adapters="mine".*}""", await MetricsAsync(app));
            // A text goes on, however soon its adapter is unloaded.
            Assert.Equal(
                "Success: LoRA adapter 'mine' removed successfully.", await SendAsync(app, Unload, """{"lora_name":"mine"}"""));
            Assert.Equal(["tiny"], await ModelsAsync(app));
            Assert.Contains("data: [DONE]", await reader.ReadToEndAsync(Cancellation));
        }

        Assert.Equal((404, "model"), await RefusedAsync(app, Completions, """{"model":"mine","prompt":"x"}"""));
        Assert.DoesNotContain("vllm:lora_requests_info{", await MetricsAsync(app));
        string other = TinyAdapter.Write(_folder.File("other"), seed: 2);
        await SendAsync(app, Load, $$"""{"lora_name":"mine","lora_path":{{Json(other)}}}""");
        Assert.NotEqual(alone, await TextAsync(app, "mine"));
        Assert.Equal(alone, await TextAsync(app, "tiny"));
    }

    [Theory]
    [InlineData(Load, "client", 403)]
    [InlineData(Load, "unknown", 401)]
    [InlineData(Unload, "client", 403)]
    [InlineData("/v1/models", "admin", 200)]
    [InlineData("/v1/models", "client", 200)]
    [InlineData("/v1/models", "unknown", 401)]
    public async Task Request_OfAKey_MayDoWhatTheKeyMay(string path, string key, int status)
    {
        await using var app = await StartAsync();
        var (name, value) = ("Authorization", $"Bearer {key}");
        using var response = path == "/v1/models"
            ? await app.Http.SendAsync(
                new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { name, value } } }, Cancellation)
            : await app.PostAsync(path, "{}", (name, value));
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Load_WithoutAdminKeys_IsForbiddenAndSaysHow()
    {
        await using var app = await ServedApp.StartAsync(_model);
        var (status, error) = await app.FailAsync(Load, $$"""{"lora_name":"mine","lora_path":{{Json(_path)}}}""");
        Assert.Equal((403, "permission_error"), (status, error.GetProperty("type").GetString()));
        Assert.Contains("--admin-key-file", error.GetProperty("message").GetString());
        Assert.Empty(_model.Info.Adapters);
    }

    [Theory]
    [InlineData("""{"lora_path":"x"}""", 400, "lora_name", "lora_name: found nothing, expected a text")]
    [InlineData("""{"lora_name":"","lora_path":"x"}""", 400, "lora_name", "expected a text")]
    [InlineData("""{"lora_name":"a"}""", 400, "lora_path", "lora_path: found nothing")]
    [InlineData("""{"lora_name":"a","lora_path":"no/such"}""", 400, "lora_path", "no/such")]
    [InlineData("""{"lora_name":"a","lora_path":"x","scale":"1"}""", 400, "scale", "scale: found")]
    [InlineData("""{"lora_name":"a","lora_path":"x","scale":1e300}""", 400, "scale", "scale: found")]
    [InlineData("""{"lora_name":"tiny","lora_path":"x"}""", 400, "lora_name", "'tiny', which is served")]
    [InlineData("""{"lora_name":"a","lora_path":"x","model":"b"}""", 404, "model", "model: found 'b', expected tiny")]
    public async Task Load_WrongField_IsRefusedByName(string body, int status, string param, string message)
    {
        await using var app = await StartAsync();
        using var response = await app.PostAsync(Load, body, Admin);
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("error");
        Assert.Equal((status, param), ((int)response.StatusCode, error.GetProperty("param").GetString()));
        Assert.Contains(message, error.GetProperty("message").GetString());
        Assert.Empty(_model.Info.Adapters);
    }

    [Fact]
    public async Task LoadOrUnload_NameThatIsThereOrNot_IsRefused()
    {
        await using var app = await StartAsync();
        string body = $$"""{"lora_name":"mine","lora_path":{{Json(_path)}}}""";
        Assert.Equal((404, "lora_name"), await RefusedAsync(app, Unload, """{"lora_name":"mine"}"""));
        await SendAsync(app, Load, body);
        Assert.Equal((400, "lora_name"), await RefusedAsync(app, Load, body));
        Assert.Equal((404, "lora_name"), await RefusedAsync(app, Unload, """{"lora_name":"other"}"""));
        Assert.Equal(["mine"], _model.Info.Adapters);
    }

    [Fact]
    public async Task Load_WithoutMemory_IsRefused()
    {
        await using var full = await LanguageModel.LoadAsync(
            "tiny", new LanguageModelOptions { Device = "cpu", MaxTexts = 3, MemoryLimit = _model.Info.DeviceBytes + 100 },
            cancellation: Cancellation);
        await using var app = await StartAsync(full);
        Assert.Equal((507, "lora_path"), await RefusedAsync(app, Load, $$"""{"lora_name":"mine","lora_path":{{Json(_path)}}}"""));
        Assert.Equal(["tiny"], await ModelsAsync(app));
    }

    [Fact]
    public async Task Load_ForAModelThatComesAndGoes_StaysWithIt()
    {
        await using var shelf = new ModelShelf();
        await shelf.StartAsync(
            options => (options.AdminKeys, options.IdleUnload) = (["boss admin"], TimeSpan.FromMinutes(1)), "a", "b");
        await SendAsync(
            shelf.App, Load, $$"""{"lora_name":"mine","lora_path":{{Json(_path)}},"scale":10,"model":"b"}""");
        string text = await TextAsync(shelf.App, "mine");
        Assert.NotEqual(await TextAsync(shelf.App, "b"), text);

        await GoneAsync();
        Assert.Equal(["a", "b", "mine"], await ModelsAsync(shelf.App));
        Assert.Equal(text, await TextAsync(shelf.App, "mine"));
        Assert.Equal(2, shelf.LoadsOf("b"));

        await GoneAsync();
        await SendAsync(shelf.App, Unload, """{"lora_name":"mine","model":"b"}""");
        Assert.Equal((404, "model"), await RefusedAsync(shelf.App, Completions, """{"model":"mine","prompt":"x"}"""));
        Assert.Equal(2, shelf.LoadsOf("b"));

        Task GoneAsync() => shelf.PassUntilAsync(TimeSpan.FromMinutes(1), () => !shelf.Loaded.Contains("b"));
    }

    private static (string Name, string Value) Admin => ("Authorization", "Bearer admin");

    private static string Json(string text) => JsonSerializer.Serialize(text);

    private Task<ServedApp> StartAsync(LanguageModel? model = null) => ServedApp.StartAsync(
        model ?? _model, options => (options.ApiKeys, options.AdminKeys) = (["client"], ["boss admin"]));

    private static async Task<string> SendAsync(ServedApp app, string path, string body)
    {
        using var response = await app.PostAsync(path, body, Admin);
        string text = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.True(response.IsSuccessStatusCode, text);
        return text;
    }

    private static async Task<(int Status, string? Param)> RefusedAsync(ServedApp app, string path, string body)
    {
        using var response = await app.PostAsync(path, body, Admin);
        var json = await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        return ((int)response.StatusCode, json.GetProperty("error").GetProperty("param").GetString());
    }

    private static async Task<string> TextAsync(ServedApp app, string model) => JsonElement.Parse(await SendAsync(
        app, Completions, $$"""{"model":"{{model}}","prompt":"Once upon a time","max_tokens":12,"temperature":0}"""))
        .GetProperty("choices")[0].GetProperty("text").GetString()!;

    private static async Task<IEnumerable<string?>> ModelsAsync(ServedApp app)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models") { Headers = { { Admin.Name, Admin.Value } } };
        using var response = await app.Http.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var json = await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        return json.GetProperty("data").EnumerateArray().Select(entry => entry.GetProperty("id").GetString());
    }

    private static Task<string> MetricsAsync(ServedApp app) => app.Http.GetStringAsync("/metrics", Cancellation);
}
