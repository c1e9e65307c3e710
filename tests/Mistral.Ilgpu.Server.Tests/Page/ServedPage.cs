using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mistral.Ilgpu.Server.Tests.Page;

/// <summary>The built-in model behind its API and the chat page, on a socket.</summary>
internal sealed class ServedPage : IAsyncDisposable
{
    private readonly LanguageModel _model;
    private readonly WebApplication _app;

    private ServedPage(LanguageModel model, WebApplication app) => (_model, _app) = (model, app);

    public Uri Address => new(_app.Urls.Single());

    public static async Task<ServedPage> StartAsync()
    {
        var model = await LanguageModel.LoadAsync("tiny", new LanguageModelOptions { Device = "cpu" });
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(model);
        builder.Services.AddMistralServer();
        var app = builder.Build();
        app.MapMistral();
        app.MapChatPage();
        await app.StartAsync();
        return new ServedPage(model, app);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _model.DisposeAsync();
    }
}
