using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Mistral.Ilgpu.Generation;
using OpenAI;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests;

/// <summary>An application that serves a model, without a socket. Disposing of it leaves the model as it is.</summary>
internal sealed class ServedApp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ServedApp(WebApplication app) => (_app, Http) = (app, app.GetTestClient());

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.Services;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static Task<ServedApp> StartAsync(
        LanguageModel model, Action<MistralServerOptions>? configure = null, params ILogitProcessor[] processors) =>
        StartAsync(
            services =>
            {
                services.AddSingleton(model);
                foreach (var processor in processors)
                {
                    services.AddSingleton(processor);
                }
            },
            configure);

    /// <summary>An application with services of its own.</summary>
    public static async Task<ServedApp> StartAsync(
        Action<IServiceCollection> add, Action<MistralServerOptions>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        add(builder.Services);
        builder.Services.AddMistralServer(configure);
        var app = builder.Build();
        app.UseCors();
        app.MapMistral();
        await app.StartAsync(Cancellation);
        return new ServedApp(app);
    }

    /// <summary>OpenAI's client of this server.</summary>
    public OpenAIClient Client(string key = "none") => new(new ApiKeyCredential(key), new OpenAIClientOptions
    {
        Endpoint = new Uri(Http.BaseAddress!, "/v1"),
        Transport = new HttpClientPipelineTransport(Http),
        RetryPolicy = new ClientRetryPolicy(0),
    });

    /// <summary>Sends JSON.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, string json, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json"),
        };
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
    }

    /// <summary>Sends JSON, and requires an answer in JSON.</summary>
    public async Task<JsonElement> AskAsync(string path, string json)
    {
        using var response = await PostAsync(path, json);
        string body = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {body}");
        return JsonElement.Parse(body);
    }

    /// <summary>Sends JSON, and requires an error.</summary>
    public async Task<(int Status, JsonElement Error)> FailAsync(string path, string json)
    {
        using var response = await PostAsync(path, json);
        Assert.False(response.IsSuccessStatusCode, json);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        return ((int)response.StatusCode, body.GetProperty("error"));
    }

    /// <summary>The data of a stream's events.</summary>
    public async Task<IReadOnlyList<JsonElement>> EventsAsync(string path, string json)
    {
        using var response = await PostAsync(path, json);
        string body = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {body}");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        return
        [
            .. body.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal))
                .Select(line => JsonElement.Parse(line["data: ".Length..])),
        ];
    }

    /// <summary>Tells the application to stop.</summary>
    public void Stop() => _app.Lifetime.StopApplication();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }
}
